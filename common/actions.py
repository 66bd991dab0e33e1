"""What people do with many records of a list at once: a selection, or all that match.

An app registers what it can do with records of some kinds:

    @actions.register("owner", "Change owner", icon="user", kinds=RECORDS, form=OwnerForm)
    def change_owner(batch: Batch) -> Counts:
        ...  # does it for batch.ids, of which the user may see none any more

The ids are written down when the job begins, in pieces of ``CHUNK``; each step works one piece off. So an action that
changes what the list was filtered by neither skips nor repeats, and nothing is done to what nobody had chosen.

What others carry out, later and one by one, the action only puts down; its ``rest`` says how far that is.
"""

from array import array
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django import forms
from django.db.models import QuerySet
from django.http import QueryDict

from common import jobs
from common.bulk import any_of
from common.jobs import JobRefused
from common.models import Job, RecordKind
from common.tables import RecordTable, table_of
from common.visibility import seen_of

if TYPE_CHECKING:
    from users.models import User

JOB = "bulk action"
CHUNK = 500
RECORDS: tuple[str, ...] = tuple(RecordKind.values)
Counts = Mapping[str, int]


@dataclass(frozen=True)
class Rest:
    """What is still to come of a job whose pieces were all put down, and what came of the others."""

    left: int
    counts: Counts


class ActionForm(forms.Form):
    """What an action asks for. It is filled in again for each piece: what held before may hold no more."""

    def __init__(self, *args: Any, kind: str, user: "User", **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.user = kind, user


@dataclass(frozen=True)
class Batch:
    """A piece of the selection. ``values``: what the form asked for."""

    table: RecordTable
    ids: Sequence[int]
    values: Mapping[str, Any]
    user: "User"
    job: Job

    @property
    def rows(self) -> QuerySet[Any]:
        """What the user still sees of it."""
        return seen_of(self.table.model, self.user).filter(pk__in=any_of(self.ids, "bigint"))


@dataclass(frozen=True)
class Action:
    """``refusal``: why a user can't do it now with records of a kind, "" if they can. ``tells``: what it will do.

    ``warns``: what more it does to these records of a kind, or (None) to any of it. ``rest``: of what was put down for
    others, how much they have done; the job ends when nothing is left of it.
    """

    name: str
    label: str
    icon: str
    kinds: Collection[str]
    run: Callable[[Batch], Counts]
    form: type[ActionForm] = ActionForm
    refusal: Callable[["User", str], str] = lambda user, kind: ""
    is_offered: Callable[["User", str], bool] = lambda user, kind: True
    tells: str = ""
    warns: Callable[[str, Sequence[int] | None], str] = lambda kind, ids: ""
    position: int = 50
    is_danger: bool = False
    is_reading: bool = False  # changes nothing, so readers may do it
    opens: Callable[[Sequence[int]], str] | None = None  # the page that does it with a few, instead of a job
    most: int = 0  # of those
    rest: Callable[[Job], Rest] | None = None


_actions: dict[str, Action] = {}


def register(name: str, label: str, **values: Any) -> Callable[[Callable[[Batch], Counts]], Callable[[Batch], Counts]]:
    """Register a function as an action; ``values`` as ``Action`` has them."""

    def registered(run: Callable[[Batch], Counts]) -> Callable[[Batch], Counts]:
        _actions[name] = Action(name, label, run=run, **values)
        return run

    return registered


def offered(kind: str, user: "User") -> list[tuple[Action, str]]:
    """The actions for records of a kind, each with the reason why it can't be done now."""
    here = [one for one in _actions.values() if kind in one.kinds and (user.may_edit or one.is_reading)]
    asked = {ask: ask(user, kind) for ask in {one.is_offered for one in here}}  # several may ask the same
    found = [one for one in here if asked[one.is_offered]]
    return [(one, one.refusal(user, kind)) for one in sorted(found, key=lambda one: one.position)]


def action_for(name: str, kind: str, user: "User") -> Action | None:
    return next((one for one, _ in offered(kind, user) if one.name == name), None)


@dataclass(frozen=True)
class Selection:
    """Rows that were chosen: by their ids, or all that an address finds."""

    table: RecordTable
    ids: tuple[int, ...] = ()
    query: str | None = None

    @property
    def is_few(self) -> bool:
        return self.query is None

    def rows(self, user: "User") -> QuerySet[Any]:
        """Those that the user sees. Raises JobRefused: what can't be understood must not mean everything."""
        if self.query is None:
            return seen_of(self.table.model, user).filter(pk__in=any_of(self.ids, "bigint"))
        filters = self.table.asked(QueryDict(self.query), user)
        if not filters.is_valid():
            raise JobRefused("One of the filters is not valid any more. Choose again on the list.")
        return filters.qs


def start(action: Action, selection: Selection, *, user: "User", data: QueryDict) -> Job:
    """Put the work down; the form's ``data`` was found valid. A few rows are the caller's to do at once."""
    names = action.form.base_fields
    params = {
        "action": action.name,
        "kind": selection.table.kind,
        "ids": list(selection.ids),
        "query": selection.query,
        "data": {name: data.getlist(name) for name in names if name in data},
    }
    chosen = f"{len(selection.ids)} chosen" if selection.is_few else f"all that match {selection.query or 'everything'}"
    return jobs.start(
        JOB,
        user=user,
        title=f"{action.label}: {selection.table.many}",
        params=params,
        is_run_here=selection.is_few,
        is_export=action.is_reading,
        of_what=chosen,
    )


@jobs.runs(JOB, for_readers=True)  # who may do what is asked of the action
def work(job: Job) -> bool | None:
    table = table_of(job.params["kind"])
    action = action_for(job.params["action"], table.kind, job.user) if table else None
    if table is None or action is None:
        raise JobRefused("This can't be done with these records any more.")
    if "put_down" not in job.position and (reason := action.refusal(job.user, table.kind)):
        raise JobRefused(reason)
    if "piece" not in job.position:
        selection = Selection(table, tuple(job.params["ids"]), job.params["query"])
        job.total = _write_down(job, selection.rows(job.user))
        job.position = {"piece": 0}
        return job.total == 0
    if action.rest and job.position.get("put_down") == job.total:
        return _follow(job, action.rest(job))
    piece = job.position["piece"]
    ids = _piece(job, piece)
    batch = Batch(table, ids, _values(job, action, table), job.user, job)
    job.counts = dict(Counter(job.counts) + Counter(action.run(batch)))
    job.position["piece"] = piece + 1
    if action.rest:
        job.position["put_down"] = job.position.get("put_down", 0) + len(ids)
        return False
    job.done += len(ids)
    return job.done == job.total


def _follow(job: Job, rest: Rest) -> bool | None:
    """Tell how far others are with what the job put down; it waits for them."""
    at_first = job.position.setdefault("counts", job.counts)
    job.counts = {**at_first, **{word: count for word, count in rest.counts.items() if count}}
    job.done = (job.total or 0) - rest.left
    return True if rest.left == 0 else None


def _write_down(job: Job, rows: QuerySet[Any]) -> int:
    """Keep the ids of the rows, in their order; returns how many there are."""
    ids = array("q", rows.order_by("pk").values_list("pk", flat=True).iterator(chunk_size=10_000))
    jobs.keep(job, _pieces(ids), is_result=False)
    return len(ids)


def _pieces(ids: "array[int]") -> Iterator[bytes]:
    for start_at in range(0, len(ids), CHUNK):
        yield ids[start_at : start_at + CHUNK].tobytes()


def _piece(job: Job, number: int) -> list[int]:
    ids = array("q")
    ids.frombytes(bytes(job.chunks.get(is_result=False, number=number).data))
    return ids.tolist()


def _values(job: Job, action: Action, table: RecordTable) -> Mapping[str, Any]:
    data = QueryDict(mutable=True)
    for name, values in job.params["data"].items():
        data.setlist(name, values)
    form = action.form(data, kind=table.kind, user=job.user)
    if not form.is_valid():
        raise JobRefused(" ".join(str(message) for messages in form.errors.values() for message in messages))
    return form.cleaned_data
