"""Jobs, batches and errors as Bulk API 1.0 tells them, in XML or JSON."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from localorg.bulk.classic.outcomes import NAMESPACE, XML_HEAD
from localorg.delivery import Answer
from localorg.errors import Problem, refuse
from localorg.soap import xml

JSON, XML = "application/json", "application/xml"

Told = Mapping[str, Any]


def wants_json(headers: Mapping[str, str]) -> bool:
    """Whether a request speaks JSON; otherwise XML is spoken."""
    return "json" in headers.get("content-type", "").lower()


def read(content: bytes, headers: Mapping[str, str]) -> dict[str, str]:
    """A jobInfo that was sent: text under names. Raises Refused."""
    if wants_json(headers):
        try:
            given = orjson.loads(content)
        except orjson.JSONDecodeError:
            given = None
        if not isinstance(given, dict):
            raise refuse("InvalidJob", "Unable to parse Job")
        return {name: _plain(value) for name, value in given.items() if value is not None}
    try:
        root = xml.read(content)
    except xml.NotXml:
        raise refuse("InvalidXML", "Unable to parse Job") from None
    return {xml.name_of(child): (child.text or "").strip() for child in root}


def answer(status: int, name: str, told: Told | Sequence[Told], as_json: bool) -> Answer:
    """``name``: jobInfo, batchInfo or, for a sequence, batchInfoList."""
    if as_json:
        listed = told if isinstance(told, Mapping) else {"batchInfo": [_json(one) for one in told]}
        return Answer(status, {"Content-Type": JSON}, orjson.dumps(_json(listed)))
    inner = _xml(told, 1) if isinstance(told, Mapping) else "".join(_nested("batchInfo", one) for one in told)
    body = f'{XML_HEAD}<{name}\n   xmlns="{NAMESPACE}">{inner}\n</{name}>'
    return Answer(status, {"Content-Type": XML}, body.encode())


def refusal(status: int, problem: Problem, as_json: bool) -> Answer:
    told = {"exceptionCode": problem.code, "exceptionMessage": problem.message}
    return answer(status, "error", told, as_json)


def code(rest_code: str) -> str:
    """INVALID_SESSION_ID -> InvalidSessionId; codes of this API stay as they are."""
    return "".join(word.capitalize() for word in rest_code.split("_")) if rest_code.isupper() else rest_code


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _json(told: Told) -> dict[str, Any]:
    return dict(sorted(told.items()))


def _xml(told: Told, depth: int) -> str:
    """What is not known is left out; moments end in Z."""
    shown = ((name, value) for name, value in told.items() if value is not None)
    return "".join(f"\n{' ' * depth}{xml.leaf(name, _moment(value))}" for name, value in shown)


def _nested(name: str, told: Told) -> str:
    return f"\n <{name}>{_xml(told, 2)}\n </{name}>"


def _moment(value: Any) -> Any:
    return value.replace(".000+0000", ".000Z") if isinstance(value, str) else value
