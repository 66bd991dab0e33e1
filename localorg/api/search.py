"""Searching: SOSL, parameterized search, and what surrounds them."""

from collections.abc import Iterable, Mapping
from typing import Any

from localorg.api.call import Call, Reply
from localorg.api.lookups import listed, sobject_of
from localorg.api.queries import calendar_of
from localorg.errors import not_found, refuse
from localorg.schema import SObject
from localorg.search import find, index, sosl
from localorg.search.sosl import Search, Wanted

BARE_UNTIL = 37.0  # the version from which on results are an object, no longer a bare array
MOST_SUGGESTED = 20

Json = dict[str, Any]


def search(call: Call) -> Reply:
    """GET search?q=FIND {…}"""
    return _found(call, sosl.parse(call.query.get("q", "")))


def parameterized(call: Call) -> Reply:
    """GET parameterizedSearch?q=…&sobject=Contact&Contact.fields=Id,Name&Contact.limit=5"""
    query = call.query
    names = [name.strip() for name in query.get("sobject", "").split(",") if name.strip()]
    common = _split(query.get("fields", ""))
    keys = ("where", "orderBy", "limit", "offset")
    wanted = [
        _wanted(
            call, name, _split(query.get(f"{name}.fields", "")) or common, {k: query.get(f"{name}.{k}") for k in keys}
        )
        for name in names
    ]
    return _parameterized(call, query, wanted)


def parameterized_posted(call: Call) -> Reply:
    body = call.mapping()
    common = _names(body.get("fields"))
    wanted = []
    for given in listed(body, "sobjects") if "sobjects" in body else ():
        if not isinstance(given, dict) or not isinstance(given.get("name"), str):
            raise refuse("JSON_PARSER_ERROR", "Each of the sobjects needs a name")
        clauses = given | {"limit": given.get("limit", body.get("defaultLimit"))}
        wanted.append(_wanted(call, given["name"], _names(given.get("fields")) or common, clauses))
    return _parameterized(call, body, wanted)


def scope_order(call: Call) -> Reply:
    """The objects that a search looks through, the first one first."""
    found = index.searchable(call.schema)
    return Reply(body=[{"type": s.name, "url": f"{call.rows_url}{s.name}/describe"} for s in found])


def layout(call: Call) -> Reply:
    """Which columns a list of results shows: GET search/layout?q=Account,Contact"""
    names = _split(call.query.get("q", ""))
    if not names:
        raise refuse("MALFORMED_QUERY", "The q parameter is required")
    return Reply(body=[_layout(sobject_of(call, name)) for name in names])


def suggestions(call: Call) -> Reply:
    """Records whose names begin with what is being typed: GET search/suggestions?q=acm&sobject=Account"""
    sobject = sobject_of(call, call.query.get("sobject", ""))
    if sobject.name_field is None or not index.searchable([sobject]):
        raise not_found()
    limit = _number(call.query.get("limit") or 5)
    wanted = Wanted(sobject.name, f"Id, {sobject.name_field.name}", f"LIMIT {min(limit, MOST_SUGGESTED) + 1}")
    typed = call.query.get("q", "").strip()
    found = find.records(call, Search(f"{_escaped(typed)}*", sosl.SCOPES["NAME"], (wanted,)), calendar_of(call))
    shown = found[: min(limit, MOST_SUGGESTED)]
    return Reply(body={"autoSuggestResults": shown, "hasMoreResults": len(found) > len(shown)})


def _found(call: Call, wanted: Search) -> Reply:
    records = find.records(call, wanted, calendar_of(call))
    return Reply(body=records if float(call.version) < BARE_UNTIL else {"searchRecords": records})


def _parameterized(call: Call, given: Mapping[str, Any], wanted: Iterable[Wanted]) -> Reply:
    text = given.get("q")
    if not isinstance(text, str) or not text.strip():
        raise refuse("MALFORMED_SEARCH", "No search term found. The q parameter is required.")
    groups = sosl.scope_of(str(given.get("in") or "ALL"))
    limit = given.get("overallLimit")
    return _found(call, Search(text, groups, tuple(wanted), None if limit is None else _number(limit)))


def _wanted(call: Call, name: str, fields: list[str], clauses: Mapping[str, Any]) -> Wanted:
    sobject = sobject_of(call, name)
    parts = []
    if clauses.get("where"):
        parts.append(f"WHERE {clauses['where']}")
    if clauses.get("orderBy"):
        parts.append(f"ORDER BY {clauses['orderBy']}")
    parts += [f"{key.upper()} {_number(clauses[key])}" for key in ("limit", "offset") if clauses.get(key) is not None]
    return Wanted(sobject.name, ", ".join(fields), " ".join(parts))


def _layout(sobject: SObject) -> Json:
    shown = [f for f in sobject.fields.values() if f.name_field or f.type in ("email", "phone")]
    columns = [{"field": f"{sobject.name}.{f.name}", "format": None, "label": f.label, "name": f.name} for f in shown]
    told: Json = {"errorMsg": None, "label": "Search Results", "limitRows": 25, "objectType": sobject.name}
    return told | {"searchColumns": columns}


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _names(given: Any) -> list[str]:
    if given is None:
        return []
    if not isinstance(given, list) or not all(isinstance(name, str) for name in given):
        raise refuse("JSON_PARSER_ERROR", "fields must be an array of names")
    return given


def _number(given: Any) -> int:
    text = str(given)
    if not text.isascii() or not text.isdigit() or len(text) > 9:  # noqa: PLR2004  # more than anything here counts
        raise refuse("INVALID_SEARCH", f"not a number: {given}")
    return int(text)


def _escaped(text: str) -> str:
    return "".join(f"\\{sign}" if sign in '*?"\\()' else sign for sign in text)
