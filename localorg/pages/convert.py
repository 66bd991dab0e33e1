"""Converting a lead: into which account and contact, and whether an opportunity begins."""

from starlette.responses import Response
from starlette.routing import Route

from localorg.dml import convert as conversion
from localorg.dml.work import Work
from localorg.pages import inputs, reading, saving, soql
from localorg.pages.inputs import Input
from localorg.pages.saving import Outcome
from localorg.pages.soql import Record
from localorg.pages.visit import BAD_REQUEST, Missing, Visit, redirect, signed_in
from localorg.schema import Field

LOOKUPS = {  # inputs of the form: what each points at
    "account": Field("account", "reference", "Account", targets=("Account",)),
    "contact": Field("contact", "reference", "Contact", targets=("Contact",)),
    "owner": Field("owner", "reference", "Owner of what is made", targets=("User",)),
}


def convert(visit: Visit) -> Response:
    sobject, record_id = visit.record_id(visit.request.path_params["record_id"])
    lead = reading.record(visit, sobject, record_id) if sobject.name == "Lead" else None
    if lead is None or lead.get("IsDeleted") or lead.get("IsConverted") or not sobject.can("update"):
        raise Missing
    outcome = Outcome()
    if visit.is_post:
        outcome = _convert(visit, lead)
        if outcome.record_id:
            return redirect(f"/{outcome.record_id}")
    return visit.page(
        "convert.html",
        BAD_REQUEST if outcome.problems else 200,
        lead=lead,
        lookups={name: _lookup(visit, lead, field, outcome) for name, field in LOOKUPS.items()},
        statuses=_statuses(visit),
        same_contacts=_same(visit, "Contact", lead["Name"], "Account.Name"),
        same_accounts=_same(visit, "Account", lead["Company"]),
        outcome=outcome,
        elsewhere=[text for name, text in outcome.problems.items() if name not in LOOKUPS],
    )


def _convert(visit: Visit, lead: Record) -> Outcome:
    found: dict[str, str | None] = {}
    problems: dict[str, str] = {}
    for name, field in LOOKUPS.items():
        try:
            found[name] = inputs.entered(visit, field)
        except inputs.Unresolved as unresolved:
            problems[name] = str(unresolved)
    if problems:
        return Outcome(problems=problems)

    def run(work: Work) -> str:
        made = conversion.convert(
            work,
            lead["Id"],
            found["account"],
            found["contact"],
            opportunity=bool(visit.text("opportunity")),
            opportunity_name=visit.text("opportunity_name") or None,
            owner=found["owner"],
            status=visit.text("status") or None,
            overwrite_source=bool(visit.text("overwrite_source")),
        )
        return str(made["ConvertedContactId"])

    return saving.act(visit, run)


def _lookup(visit: Visit, lead: Record, field: Field, outcome: Outcome) -> Input:
    if visit.is_post:
        text, record_id = visit.text(field.name), visit.text(field.name + inputs.ID)
        return Input(field, text, record_id, outcome.problems.get(field.name, ""))
    owner_id = str(lead["OwnerId"])
    if field.name == "owner" and owner_id.startswith("005"):
        return Input(field, reading.name_of(visit, owner_id) or owner_id, owner_id)
    return Input(field)


def _statuses(visit: Visit) -> list[str]:
    query = "SELECT ApiName FROM LeadStatus WHERE IsConverted = true ORDER BY SortOrder"
    return [row["ApiName"] for row in soql.records(visit, query, most=50)]


def _same(visit: Visit, source: str, name: str, *more: str) -> list[Record]:
    """Records of the same name, which the lead may belong to."""
    query = soql.select(["Name", *more], source, f"Name = {soql.quoted(name)}", "Name")
    return soql.records(visit, query, most=5)


ROUTES = [Route("/{record_id}/convert", signed_in(convert), methods=["GET", "POST"])]
