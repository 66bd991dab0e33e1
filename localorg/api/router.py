"""Which handler answers which path. Segments match without regard to case; {name} takes any one segment."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from localorg.api import (
    collections,
    compact_layouts,
    composite,
    describe,
    desk,
    duplicates,
    graph,
    layouts,
    limits,
    passwords,
    queries,
    recent,
    replication,
    rows,
    search,
)
from localorg.api.call import Call, Reply
from localorg.api.ui import duplicates_configuration, object_info, picklist_values, record_defaults
from localorg.bulk import ingest_jobs, query_jobs
from localorg.errors import MultipleChoices, Refused, TypeMismatch, not_found, refuse
from localorg.rules.duplicates import DuplicatesDetected

Handler = Callable[..., Reply]


@dataclass(frozen=True, slots=True)
class Route:
    pattern: tuple[str, ...]
    handlers: Mapping[str, Handler]

    def match(self, path: tuple[str, ...]) -> dict[str, str] | None:
        if len(path) != len(self.pattern):
            return None
        found: dict[str, str] = {}
        for wanted, given in zip(self.pattern, path, strict=True):
            if wanted.startswith("{"):
                found[wanted[1:-1]] = given
            elif wanted != given.lower():
                return None
        return found


def _route(pattern: str, **handlers: Handler) -> Route:
    return Route(tuple(pattern.split("/")) if pattern else (), handlers)


ROUTES = (
    _route("", GET=limits.resources),
    _route("query", GET=queries.query),
    _route("queryall", GET=queries.query_all),
    _route("query/{locator}", GET=queries.more),
    _route("queryall/{locator}", GET=queries.more),
    _route("composite", GET=composite.index, POST=composite.run),
    _route("composite/batch", POST=composite.batch),
    _route("composite/graph", POST=graph.run),
    _route("composite/tree/{name}", POST=composite.tree),
    _route("composite/sobjects", POST=collections.create, PATCH=collections.update, DELETE=collections.delete),
    _route("composite/sobjects/{name}", GET=collections.retrieve, POST=collections.retrieve_posted),
    _route("composite/sobjects/{name}/{field}", PATCH=collections.upsert),
    _route("sobjects", GET=describe.everything),
    _route("sobjects/{name}", GET=describe.basic, POST=rows.create),
    _route("sobjects/{name}/describe", GET=describe.full),
    _route("sobjects/{name}/describe/approvallayouts", GET=compact_layouts.approval_layouts),
    _route("sobjects/{name}/describe/compactlayouts", GET=compact_layouts.compact_layouts),
    _route("sobjects/{name}/describe/compactlayouts/primary", GET=compact_layouts.primary),
    _route("sobjects/{name}/describe/layouts", GET=layouts.layouts),
    _route("sobjects/{name}/describe/layouts/{record_type}", GET=layouts.layout),
    _route("sobjects/{name}/quickactions", GET=desk.quick_actions),
    _route("sobjects/{name}/updated", GET=replication.updated),
    _route("sobjects/{name}/deleted", GET=replication.deleted),
    _route("sobjects/{name}/id", POST=rows.create_by_id),
    _route("sobjects/user/{record_id}/password", GET=passwords.state, POST=passwords.change, DELETE=passwords.reset),
    _route("sobjects/{name}/{record_id}", GET=rows.read, PATCH=rows.update, DELETE=rows.delete),
    _route(
        "sobjects/{name}/{field}/{value}",
        GET=rows.read_by,
        PATCH=rows.upsert,
        POST=rows.upsert,
        DELETE=rows.delete_by,
    ),
    _route("jobs/ingest", GET=ingest_jobs.everything, POST=ingest_jobs.create),
    _route("jobs/ingest/{job}", GET=ingest_jobs.info, PATCH=ingest_jobs.change, DELETE=ingest_jobs.remove),
    _route("jobs/ingest/{job}/batches", PUT=ingest_jobs.put),
    _route("jobs/ingest/{job}/successfulresults", GET=ingest_jobs.succeeded),
    _route("jobs/ingest/{job}/failedresults", GET=ingest_jobs.failed),
    _route("jobs/ingest/{job}/unprocessedrecords", GET=ingest_jobs.unprocessed),
    _route("jobs/query", GET=query_jobs.everything, POST=query_jobs.create),
    _route("jobs/query/{job}", GET=query_jobs.info, PATCH=query_jobs.change, DELETE=query_jobs.remove),
    _route("jobs/query/{job}/results", GET=query_jobs.page),
    _route("jobs/query/{job}/resultpages", GET=query_jobs.pages),
    _route("ui-api/object-info", GET=object_info.directory),
    _route("ui-api/object-info/{name}", GET=object_info.one),
    _route("ui-api/object-info/batch/{names}", GET=object_info.batch),
    _route("ui-api/object-info/{name}/picklist-values/{record_type}", GET=picklist_values.every),
    _route("ui-api/object-info/{name}/picklist-values/{record_type}/{field}", GET=picklist_values.one),
    _route("ui-api/record-defaults/create/{name}", GET=record_defaults.create),
    _route("ui-api/record-defaults/template/create/{name}", GET=record_defaults.template),
    _route("ui-api/duplicates/{name}", GET=duplicates_configuration.configuration),
    _route("limits", GET=limits.limits),
    _route("limits/recordcount", GET=limits.record_count),
    _route("recent", GET=recent.recent),
    _route("search", GET=search.search),
    _route("search/layout", GET=search.layout),
    _route("search/scopeorder", GET=search.scope_order),
    _route("search/suggestions", GET=search.suggestions),
    _route("tabs", GET=desk.tabs),
    _route("theme", GET=desk.theme),
    _route("quickactions", GET=desk.global_quick_actions),
    _route("appmenu/{kind}", GET=desk.app_menu),
    _route("parameterizedsearch", GET=search.parameterized, POST=search.parameterized_posted),
)
READING = {"GET", "HEAD"}


def answer(call: Call) -> Reply:
    """The reply to a call; refusals become error bodies."""
    try:
        return _dispatch(call)
    except TypeMismatch as mismatch:
        return refusal(call.located(mismatch))
    except MultipleChoices as choices:
        return Reply(300, choices.urls)
    except DuplicatesDetected as detected:
        return Reply(detected.status, duplicates.body(call, detected))
    except Refused as refused:
        return refusal(refused)


def refusal(refused: Refused) -> Reply:
    return Reply(refused.status, refused.as_rest())


def _dispatch(call: Call) -> Reply:
    method = "GET" if call.method == "HEAD" else call.method
    allowed: list[str] = []
    for route in ROUTES:
        found = route.match(call.path)
        if found is None:
            continue
        if method in route.handlers:
            return route.handlers[method](call, **found)
        allowed += route.handlers
    if allowed:
        raise _not_allowed(call.method, allowed)
    raise not_found()


def _not_allowed(method: str, allowed: list[str]) -> Refused:
    offered = {*allowed, "HEAD"} if "GET" in allowed else set(allowed)
    names = sorted(offered, key=("HEAD", "GET", "POST", "PUT", "PATCH", "DELETE").index)
    message = f"HTTP Method '{method}' not allowed. Allowed are {','.join(names)}"
    return refuse("METHOD_NOT_ALLOWED", message, 405)
