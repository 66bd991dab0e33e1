"""What became of the rows of a batch, in their order, in the format of the job."""

from collections.abc import Callable
from pathlib import Path

import orjson

from localorg.bulk.chunk import Outcome
from localorg.bulk.jobs import Job
from localorg.bulk.outcomes import SUCCEEDED, Done, csv_lines, told, write_at
from localorg.soap import xml

NAMESPACE = "http://www.force.com/2009/06/asyncapi/dataload"
XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
HEADS = {  # what stands before all rows and after them
    "CSV": ('"Id","Success","Created","Error"\n', ""),
    "JSON": ("[", "]"),
    "XML": (f'{XML_HEAD}<results xmlns="{NAMESPACE}">', "</results>"),
}


class InOrder:
    def __init__(self, folder: Path) -> None:
        self._path = folder / SUCCEEDED

    def add(self, job: Job, done: Done) -> dict[str, int]:
        lines = _WRITERS[job.content_type](job, [outcome for _, outcome in done])
        return {"succeeded": write_at(self._path, job.succeeded, lines)}


def _csv(job: Job, outcomes: list[Outcome]) -> str:
    return csv_lines(job, ([o.id, _flag(not o.problems), _flag(o.created), told(o.problems)] for o in outcomes))


def _json(job: Job, outcomes: list[Outcome]) -> str:
    shown = [orjson.dumps(_as_json(outcome)).decode() for outcome in outcomes]
    return "".join(f",{text}" if job.processed or number else text for number, text in enumerate(shown))


def _as_json(outcome: Outcome) -> dict[str, object]:
    errors = [problem.as_row() | {"extendedErrorDetails": None} for problem in outcome.problems]
    succeeded = not outcome.problems
    return {"success": succeeded, "created": outcome.created, "id": outcome.id or None, "errors": errors}


def _xml(_: Job, outcomes: list[Outcome]) -> str:
    return "".join(map(_as_xml, outcomes))


def _as_xml(outcome: Outcome) -> str:
    errors = "".join(
        xml.tag(
            "errors",
            "".join(xml.leaf("fields", name) for name in problem.fields or ())
            + xml.leaf("message", problem.message)
            + xml.leaf("statusCode", problem.code),
        )
        for problem in outcome.problems
    )
    record_id = xml.leaf("id", outcome.id) if outcome.id else ""
    flags = xml.leaf("success", not outcome.problems) + xml.leaf("created", outcome.created)
    return xml.tag("result", errors + record_id + flags)


def _flag(value: bool) -> str:
    return str(value).lower()


_WRITERS: dict[str, Callable[[Job, list[Outcome]], str]] = {"CSV": _csv, "JSON": _json, "XML": _xml}
