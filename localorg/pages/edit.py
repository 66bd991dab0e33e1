"""Making, changing and deleting records: /003/e, /{id}/e, /{id}/delete."""

from starlette.responses import Response
from starlette.routing import Route

from localorg import ids
from localorg.pages import inputs, layout, reading, saving
from localorg.pages.browse import title_of
from localorg.pages.inputs import Input
from localorg.pages.saving import Outcome
from localorg.pages.soql import Record
from localorg.pages.visit import BAD_REQUEST, Missing, Visit, redirect, signed_in
from localorg.schema import Field, SObject

MOST_ALIKE = 5


def new_or_edit(visit: Visit) -> Response:
    """Both live at …/e: after a key prefix or a name it makes a record, after an id it edits one."""
    wanted = visit.request.path_params["prefix"]
    if ids.parse(wanted) and visit.schema.find(wanted) is None:
        sobject, record_id = visit.record_id(wanted)
        record = reading.record(visit, sobject, record_id)
        if record is None or record.get("IsDeleted") or not sobject.can("update"):
            raise Missing
        return _form(visit, sobject, record)
    sobject = visit.sobject(wanted)
    if not sobject.can("create"):
        raise Missing
    return _form(visit, sobject, None)


def delete(visit: Visit) -> Response:
    sobject, record_id = visit.record_id(visit.request.path_params["record_id"])
    outcome = saving.delete(visit, sobject, [record_id])
    if outcome.problems:
        return visit.page("problem.html", BAD_REQUEST, problem=outcome.words, back=f"/{record_id}")
    return redirect(f"/{sobject.prefix}/o")


def _form(visit: Visit, sobject: SObject, record: Record | None) -> Response:
    sections = layout.form(sobject, record is None)
    fields = [field for section in sections for field in section.fields]
    outcome = Outcome()
    if visit.is_post:
        outcome = saving.save(visit, sobject, fields, record)
        if outcome.record_id:
            return redirect(_after(visit, outcome.record_id))
    shown = {field.name: _input(visit, sobject, field, record, outcome) for field in fields}
    elsewhere = [text for name, text in outcome.problems.items() if name not in shown]
    return visit.page(
        "edit.html",
        BAD_REQUEST if outcome.problems else 200,
        sobject=sobject,
        record=record,
        name=title_of(sobject, record) if record else "",
        sections=sections,
        inputs=shown,
        outcome=outcome,
        elsewhere=elsewhere,
        alike=[(one, name) for one in outcome.alike[:MOST_ALIKE] if (name := reading.name_of(visit, one))],
        seen=visit.text("_seen") or (record or {}).get("LastModifiedDate", ""),
        back=_back(visit, sobject, record),
    )


def _input(visit: Visit, sobject: SObject, field: Field, record: Record | None, outcome: Outcome) -> Input:
    if visit.is_post:
        return inputs.of_form(visit, sobject, field, record, outcome.problems.get(field.name, ""))
    given = inputs.prefilled(visit, field, visit.request.query_params) if record is None else None
    return given or inputs.of_record(visit, sobject, field, record)


def _after(visit: Visit, record_id: str) -> str:
    """Back to the record that the form was opened from, if any."""
    came_from = ids.parse(visit.asked("back"))
    return f"/{came_from or record_id}"


def _back(visit: Visit, sobject: SObject, record: Record | None) -> str:
    came_from = ids.parse(visit.asked("back"))
    return f"/{came_from or (record['Id'] if record else f'{sobject.prefix}/o')}"


ROUTES = [
    Route("/{prefix}/e", signed_in(new_or_edit), methods=["GET", "POST"]),
    Route("/{record_id}/delete", signed_in(delete), methods=["POST"]),
]
