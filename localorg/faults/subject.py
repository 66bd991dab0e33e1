"""What a request is about, told from the outside."""

import re
from typing import TYPE_CHECKING
from urllib.parse import unquote

from localorg import ids
from localorg.incoming import ASYNC, Incoming

if TYPE_CHECKING:
    from localorg.org import Org

_FROM = re.compile(r"\bfrom[\s+]+(\w+)", re.I)
_TYPES = re.compile(rb'(?:"(?:type|object)"\s*:\s*"|<(?:\w+:)?(?:type|sObjectType)>)(\w+)')  # of JSON and of SOAP
_ROWS = re.compile(r"/(?:sobjects|tree)/(\w+)")
_JOB = re.compile(r"/(?:jobs/\w+|job)/(750\w+)")
_VERSION = re.compile(r"/services/data/v\d+\.0/")


def objects_of(org: "Org", incoming: Incoming, most: int | None = None) -> set[str]:
    """The objects named in path, SOQL, ids and body, of which only ``most`` bytes are looked at if told."""
    body = incoming.body[:most]
    text = unquote(f"{incoming.path}?{incoming.query} {body.decode('utf-8', 'replace')}")
    names = {name.decode() for name in _TYPES.findall(body)} | set(_ROWS.findall(text)) | set(_FROM.findall(text))
    given = incoming.parameters.get("ids", "").split(",") if incoming.method == "DELETE" else ()
    names |= {sobject.name for record_id in given if (sobject := org.schema.of_id(record_id))}
    last = incoming.path.rstrip("/").rsplit("/", 1)[-1]
    if (locator := ids.parse(last.partition("-")[0])) and (cursor := org.cursors.peek(locator)):
        names.add(cursor.query.sobject.name)
    if (job := _JOB.search(incoming.path)) and (job_id := ids.parse(job[1])) and (name := org.bulk.object_of(job_id)):
        names.add(name)
    return {sobject.name if (sobject := org.schema.find(name)) else name for name in names}


def path_below_version(incoming: Incoming) -> tuple[str, ...]:
    """The decoded segments after the API's version; none for what is no call of REST or Bulk."""
    if incoming.path.startswith(ASYNC):
        return ("async", *(unquote(s) for s in incoming.path.removeprefix(ASYNC).split("/")[1:] if s))
    found = _VERSION.match(incoming.path)
    return tuple(unquote(s) for s in incoming.path[found.end() :].split("/") if s) if found else ()
