"""Several requests in one: /composite, /composite/batch, /composite/tree."""

import re
from collections.abc import Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote

from localorg.api import tree_request, versions
from localorg.api.call import Call, Reply
from localorg.api.lookups import listed
from localorg.database import savepoint
from localorg.errors import Refused, refuse

MOST_SUBREQUESTS = 25
MOST_QUERIES = 5
FORBIDDEN_HEADERS = {"accept", "authorization", "content-type"}
ROLLED_BACK = "The transaction was rolled back since another operation in the same transaction failed."

_REFERENCE = re.compile(r"@\{([A-Za-z0-9][A-Za-z0-9_]*)((?:\.[A-Za-z0-9_]+|\[\d+\])*)\}")
_STEP = re.compile(r"\.([A-Za-z0-9_]+)|\[(\d+)\]")
_REFERENCE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*\Z")
_URL = re.compile(r"/services/data/(v[^/?]+)(/[^?]*)?(?:\?(.*))?\Z", re.S)
_BATCH_URL = re.compile(r"/?(?:services/data/)?(v[^/?]+)(/[^?]*)?(?:\?(.*))?\Z", re.S)
_NESTED = re.compile(r"composite(/(batch|graph)\b.*)?\Z", re.I | re.S)

Answers = dict[str, Any]


class _Halted(Exception):
    """One part failed and takes the others along."""


def index(call: Call) -> Reply:
    names = ("tree", "batch", "sobjects", "graph")
    return Reply(body={name: f"{call.data_url}/composite/{name}" for name in names})


def run(call: Call) -> Reply:
    body = call.mapping()
    parts = listed(body, "compositeRequest")
    _check(parts)
    return Reply(body={"compositeResponse": together(call, parts, body.get("allOrNone") is True)})


def together(call: Call, parts: list[Any], all_or_none: bool) -> list[Any]:
    """The answers of the parts, in their order; everything is undone if asked for and one failed."""
    answers: Answers = {}
    results: list[Any] = []
    try:
        with savepoint(call.db):
            for part in parts:
                results.append(_answer(call, part, answers))
                if all_or_none and _failed(results[-1]):
                    raise _Halted
    except _Halted:
        return _all_halted(parts, results)
    return results


def _answer(call: Call, part: Mapping[str, Any], answers: Answers) -> dict[str, Any]:
    try:
        with savepoint(call.db):
            reply = call.answer(_subcall(call, part, answers))
            if reply.failed:
                raise _Failed(reply)
    except Refused as refused:
        reply = Reply(refused.status, refused.as_rest())
    except RecursionError:
        reply = Reply(400, refuse("JSON_PARSER_ERROR", "The body is nested too deeply").as_rest())
    except _Failed as failed:
        reply = failed.reply
    if not reply.failed:
        answers[part["referenceId"]] = reply.body
    return result(part, reply)


class _Failed(Exception):
    """Carries the reply of a failed part out of its savepoint."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


def result(part: Mapping[str, Any], reply: Reply) -> dict[str, Any]:
    """How the reply to a part is told."""
    return {
        "body": reply.body,
        "httpHeaders": reply.headers,
        "httpStatusCode": reply.status,
        "referenceId": part["referenceId"],
    }


def _failed(result: Mapping[str, Any]) -> bool:
    rows = result["body"]
    in_collection = isinstance(rows, list) and any(
        isinstance(row, dict) and row.get("success") is False for row in rows
    )
    return result["httpStatusCode"] >= HTTPStatus.MULTIPLE_CHOICES or in_collection


def halted(message: str) -> Reply:
    """The reply of a part that was not tried, or undone."""
    return Reply(400, [{"errorCode": "PROCESSING_HALTED", "message": message}])


def _all_halted(parts: list[Any], results: list[Any]) -> list[Any]:
    """The culprit keeps its answer; all others tell that they were undone or never tried."""
    culprit = len(results) - 1
    undone = halted(ROLLED_BACK)
    return [results[n] if n == culprit else result(part, undone) for n, part in enumerate(parts)]


def _subcall(call: Call, part: Mapping[str, Any], answers: Answers) -> Call:
    match = _URL.match(_resolve(part["url"], answers))
    if match is None:
        raise refuse("INVALID_INPUT", f"Invalid URL: {part['url']}")
    headers = {name.lower(): str(value) for name, value in (part.get("httpHeaders") or {}).items()}
    return subcall(call, part["method"], match, headers, _resolved(part.get("body"), answers))


def subcall(call: Call, method: str, match: re.Match[str], headers: Mapping[str, str], body: Any) -> Call:
    """A call within a call: same person, same transaction. Raises Refused for what cannot be a part."""
    path = tuple(unquote(segment) for segment in (match[2] or "").strip("/").split("/") if segment)
    if _NESTED.match("/".join(path)):
        raise refuse("INVALID_INPUT", "Composite requests cannot be parts of composite requests.")
    query = dict(parse_qsl(match[3] or "", keep_blank_values=True))
    kept = {name: value for name, value in call.headers.items() if not name.startswith("if-")}
    return replace(
        call,
        method=method,
        version=versions.check(match[1]),
        path=path,
        query=query,
        headers={**kept, **headers},
        content=b"",
        parsed=body,
    )


def _resolved(value: Any, answers: Answers) -> Any:
    match value:
        case str():
            return _resolve(value, answers)
        case list():
            return [_resolved(item, answers) for item in value]
        case dict():
            return {key: _resolved(item, answers) for key, item in value.items()}
    return value


def _resolve(text: str, answers: Answers) -> str:
    return _REFERENCE.sub(lambda match: _look_up(match[1], match[2], answers), text)


def _look_up(name: str, steps: str, answers: Answers) -> str:
    found = answers.get(name)
    try:
        for key, number in _STEP.findall(steps):
            found = found[key] if key else found[int(number)]  # type: ignore[index]  # checked by the except
    except (KeyError, IndexError, TypeError):
        found = None
    if found is None or isinstance(found, (dict, list)):
        raise refuse("PROCESSING_HALTED", f"Invalid reference specified. No value for {name}{steps} found in {name}.")
    return str(found).lower() if isinstance(found, bool) else str(found)


def _check(parts: list[Any]) -> None:
    if len(parts) > MOST_SUBREQUESTS:
        message = f"Limit exceeded. Cannot have more than {MOST_SUBREQUESTS} subrequests in a single request."
        raise refuse("LIMIT_EXCEEDED", message)
    check_parts(parts)
    if sum(_is_query(part["url"]) for part in parts) > MOST_QUERIES:
        message = f"Limit exceeded. Cannot have more than {MOST_QUERIES} query or sObject Collections operations."
        raise refuse("LIMIT_EXCEEDED", message)


def check_parts(parts: list[Any]) -> None:
    """Refuses the whole request for a part that is none."""
    seen: set[str] = set()
    for part in parts:
        if not isinstance(part, dict) or not all(isinstance(part.get(name), str) for name in ("method", "url")):
            raise refuse("JSON_PARSER_ERROR", "Each subrequest needs method, url and referenceId")
        check_reference("referenceId", part.get("referenceId"), seen)
        if part["method"] not in ("POST", "PUT", "PATCH", "GET", "DELETE"):
            raise refuse("INVALID_INPUT", f"Invalid method: {part['method']}")
        _check_headers(part.get("httpHeaders"))


def check_reference(key: str, value: Any, seen: set[str]) -> None:
    """Names by which parts and graphs are told apart; ``seen`` collects them."""
    if not isinstance(value, str):
        raise refuse("JSON_PARSER_ERROR", f"A {key} is needed, and must be text")
    if not _REFERENCE_ID.match(value) or value in seen:
        rule = "must be unique, start with a letter or a number and hold letters, numbers and underscores only."
        raise refuse("INVALID_INPUT", f"Provided {key} ('{value}') {rule}")
    seen.add(value)


def _check_headers(headers: Any) -> None:
    if headers is None:
        return
    if not isinstance(headers, dict):
        raise refuse("JSON_PARSER_ERROR", "httpHeaders must be an object")
    forbidden = FORBIDDEN_HEADERS & {name.lower() for name in headers}
    if forbidden:
        raise refuse("INVALID_INPUT", f"HTTP headers not allowed in a subrequest: {', '.join(sorted(forbidden))}")


def _is_query(url: str) -> bool:
    path = url.split("?", 1)[0].lower().rstrip("/")
    return bool(re.search(r"/(query|queryall)(/[^/]*)?\Z|/composite/sobjects(/|\Z)", path))


def batch(call: Call) -> Reply:
    body = call.mapping()
    parts = listed(body, "batchRequests")
    if len(parts) > MOST_SUBREQUESTS or not all(isinstance(part, dict) for part in parts):
        raise refuse("LIMIT_EXCEEDED", f"Limit exceeded. Cannot have more than {MOST_SUBREQUESTS} subrequests.")
    halt = body.get("haltOnError") is True
    results: list[dict[str, Any]] = []
    for part in parts:
        halted = halt and any(result["statusCode"] >= HTTPStatus.MULTIPLE_CHOICES for result in results)
        if results and not halted:
            call.org.calls.charge(1)  # each counts, the first one as the request itself
        results.append(_batch_halted() if halted else _batch_part(call, part))
    has_errors = any(result["statusCode"] >= HTTPStatus.MULTIPLE_CHOICES for result in results)
    return Reply(body={"hasErrors": has_errors, "results": results})


def _batch_part(call: Call, part: Mapping[str, Any]) -> dict[str, Any]:
    try:
        match = _BATCH_URL.match(str(part.get("url")))
        if match is None:
            raise refuse("INVALID_INPUT", f"Invalid URL: {part.get('url')}")
        with savepoint(call.db):
            reply = call.answer(subcall(call, str(part.get("method")), match, {}, part.get("richInput")))
            if reply.failed:
                raise _Failed(reply)
    except Refused as refused:
        reply = Reply(refused.status, refused.as_rest())
    except _Failed as failed:
        reply = failed.reply
    return {"statusCode": reply.status, "result": reply.body}


def _batch_halted() -> dict[str, Any]:
    message = "The batch was halted because of an error in an earlier subrequest."
    return {"statusCode": 412, "result": [{"errorCode": "BATCH_PROCESSING_HALTED", "message": message}]}


def tree(call: Call, name: str) -> Reply:
    return tree_request.create(call, name)
