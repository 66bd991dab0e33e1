"""Looking around: home, lists, search, records. Addresses are those of Salesforce's classic pages: /003/o, /{id}."""

from collections.abc import Iterable

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localorg.pages import columns, layout, reading
from localorg.pages.reading import Asked, Related
from localorg.pages.soql import Record
from localorg.pages.visit import Missing, Visit, redirect, signed_in
from localorg.schema import SObject
from localorg.visualforce import pages as visualforce

SHORTEST_SEARCH = 2  # characters
NOT_BY_HAND = {"ContentDocumentLink", "ContentVersion", "DuplicateRecordItem", "EmailMessageRelation"}


def home(visit: Visit) -> Response:
    return visit.page("home.html", tiles=reading.tiles(visit))


def record_list(visit: Visit) -> Response:
    sobject = visit.sobject(visit.request.path_params["prefix"])
    if not columns.is_listed(sobject) and not visit.asked("by"):
        raise Missing
    asked = _asked(visit, sobject)
    parent = reading.name_of(visit, asked.of) if asked.of else None
    listing = reading.listing(visit, sobject, asked)
    return visit.page("list.html", listing=listing, asked=asked, parent=parent)


def search(visit: Visit) -> Response:
    text = visit.asked("q")
    found = reading.search(visit, text) if len(text) >= SHORTEST_SEARCH else []
    return visit.page("search.html", text=text, found=found, shortest=SHORTEST_SEARCH)


def suggestions(visit: Visit) -> Response:
    """For lookups: records whose name holds what was typed so far."""
    found = []
    for name in visit.asked("object").split(","):
        sobject = visit.schema.find(name)
        if sobject is not None and sobject.name_field is not None:
            shown = sobject.name_field.name
            rows = reading.suggest(visit, sobject, visit.asked("q"))
            found += [{"id": row["Id"], "name": row[shown] or row["Id"], "object": sobject.label} for row in rows]
    return JSONResponse(found[: reading.MOST_SUGGESTED])


def record_view(visit: Visit) -> Response:
    sobject, record_id = visit.record_id(visit.request.path_params["record_id"])
    record = reading.record(visit, sobject, record_id)
    if record is None:
        raise Missing
    tab = visit.asked("tab")
    frames = [] if record.get("IsDeleted") else visualforce.of_object(visit.org, sobject)
    frame = next((page for page in frames if page.name == tab), None)
    related = [] if tab or record.get("IsDeleted") else reading.related(visit, sobject, record_id)
    return visit.page(
        "record.html",
        sobject=sobject,
        record=record,
        name=title_of(sobject, record),
        sections=layout.details(sobject),
        column=lambda field: columns.column(visit.schema, field),
        filled=[one for one in related if one.listing.total],
        addable=list(_addable(related)),
        has_files=any(one.child.relationship == "ContentDocumentLinks" for one in related),
        allowed=_allowed(visit, sobject, record),
        frames=frames,
        frame=frame,
    )


def lightning(visit: Visit) -> Response:
    """The addresses of Lightning lead to the same pages."""
    return redirect(f"/{visit.request.path_params['record_id']}")


def title_of(sobject: SObject, record: Record) -> str:
    name = sobject.name_field
    return str((name and record.get(name.name)) or record["Id"])


def _allowed(visit: Visit, sobject: SObject, record: Record) -> set[str]:
    """What the person may do with this record: edit, delete, convert."""
    access = visit.schema.access
    with visit.reading() as db:
        abilities = {"edit": "update", "delete": "delete"}
        allowed = {
            word
            for word, ability in abilities.items()
            if sobject.can(ability)
            and (access is None or access.reaches(db, sobject, record["Id"], "edit" if word == "edit" else "delete"))
        }
    if record.get("IsConverted"):
        return allowed - {"edit"}
    is_open_lead = sobject.name == "Lead" and "edit" in allowed
    may_make = all(visit.schema.find(n) and visit.schema[n].can("create") for n in ("Account", "Contact"))
    return allowed | ({"convert"} if is_open_lead and may_make else set())


def _addable(related: Iterable[Related]) -> Iterable[Related]:
    """Lists to which a record can be added from here."""
    for one in related:
        sobject, field = one.listing.sobject, one.child.field
        if sobject.can("create") and field.createable and sobject.name not in NOT_BY_HAND:
            yield one


def _asked(visit: Visit, sobject: SObject) -> Asked:
    by = sobject.find(visit.asked("by"))
    if visit.asked("by") and (by is None or by.type != "reference" or not by.filterable):
        raise Missing
    return Asked(
        visit.asked("q"),
        visit.asked_whole("page") or 1,
        visit.asked("order"),
        visit.asked("mine") == "1",
        by.name if by else "",
        visit.asked("of") if by else "",
    )


ROUTES = [
    Route("/", signed_in(home)),
    Route("/search", signed_in(search)),
    Route("/lookup", signed_in(suggestions)),
    Route("/{prefix}/o", signed_in(record_list)),
    Route("/lightning/r/{record_id}/view", signed_in(lightning)),
    Route("/lightning/r/{sobject}/{record_id}/view", signed_in(lightning)),
    Route("/{record_id}", signed_in(record_view)),
]
