"""Merging: which of two or three records stays, and whose value each of its fields keeps."""

from starlette.responses import Response
from starlette.routing import Route

from localorg import ids
from localorg.dml import merge as merging
from localorg.dml.work import Work
from localorg.pages import columns, reading, saving
from localorg.pages.saving import Outcome
from localorg.pages.soql import Record
from localorg.pages.visit import BAD_REQUEST, Missing, Visit, redirect, signed_in
from localorg.schema import Field, SObject

MOST = merging.MOST_LOSERS + 1
WRONG_NUMBER = f"Choose two or three records to merge; more than {MOST} are merged step by step."


def choose(visit: Visit) -> Response:
    """The records side by side, and what becomes of them."""
    sobject = visit.sobject(visit.request.path_params["prefix"])
    if not sobject.can("merge"):
        raise Missing
    records = _records(visit, sobject)
    if not 1 < len(records) <= MOST:
        back = f"/{sobject.prefix}/o"
        return visit.page("problem.html", BAD_REQUEST, problem=WRONG_NUMBER, back=back)
    fields = _differing(sobject, records)
    master = next((r for r in records if r["Id"] == ids.parse(visit.text("master"))), records[0])
    problems: list[str] = []
    if visit.is_post:
        outcome = _merge(visit, sobject, records, master, fields)
        if outcome.record_id:
            return redirect(f"/{outcome.record_id}")
        problems = list(outcome.problems.values())
    kept = {field.name: ids.parse(visit.text(field.name)) or _default(field, records, master) for field in fields}
    return visit.page(
        "merge.html",
        BAD_REQUEST if problems else 200,
        sobject=sobject,
        records=records,
        master=master,
        fields=[columns.column(visit.schema, field) for field in fields],
        kept=kept,
        problems=problems,
    )


def _records(visit: Visit, sobject: SObject) -> list[Record]:
    wanted = visit.texts("id") or visit.request.query_params.getlist("id")
    found = dict.fromkeys(record_id for text in wanted if (record_id := ids.parse(text)))
    records = [reading.record(visit, sobject, record_id) for record_id in found]
    return [record for record in records if record is not None and not record.get("IsDeleted")]


def _differing(sobject: SObject, records: list[Record]) -> list[Field]:
    """The fields that the person may set and on which the records do not agree."""
    writable = (f for f in sobject.fields.values() if f.updateable and f.type != "complexvalue")
    return [f for f in writable if len({record.get(f.name) for record in records}) > 1]


def _default(field: Field, records: list[Record], master: Record) -> str:
    """The master's value; where it has none, the first one there is."""
    with_value = [record for record in (master, *records) if record.get(field.name) not in (None, "")]
    return str((with_value or [master])[0]["Id"])


def _merge(visit: Visit, sobject: SObject, records: list[Record], master: Record, fields: list[Field]) -> Outcome:
    by_id = {record["Id"]: record for record in records}
    losers = [record_id for record_id in by_id if record_id != master["Id"]]
    values = {}
    for field in fields:
        chosen = by_id.get(ids.parse(visit.text(field.name)) or "", master)
        if chosen.get(field.name) != master.get(field.name):
            values[field.name] = chosen.get(field.name)

    def run(work: Work) -> str:
        merging.merge(work, sobject, master["Id"], losers, values)
        return str(master["Id"])

    return saving.act(visit, run)


ROUTES = [Route("/{prefix}/merge", signed_in(choose), methods=["GET", "POST"])]
