"""Graphs of subrequests, each all or nothing: /composite/graph."""

import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

from localorg.api import composite
from localorg.api.call import Call, Reply
from localorg.api.lookups import listed
from localorg.errors import refuse

MOST_GRAPHS = 75
MOST_NODES = 500  # in all graphs together
MOST_KINDS = 15
DEEPEST = 15
MOST_FAILED = 14  # after which the rest is not tried
TOO_MANY_FAILED = "The graph was not processed since too many other graphs of the request failed."

_REFERENCE = re.compile(r"@\{([A-Za-z0-9_]+)")
_SOBJECTS = re.compile(r"/services/data/v\d\d\.\d/(sobjects(?:/\w+)?)", re.I)

Part = dict[str, Any]


def run(call: Call) -> Reply:
    graphs = listed(call.mapping(), "graphs")
    _check(graphs)
    answers: list[dict[str, Any]] = []
    for graph in graphs:
        failed = sum(not answer["isSuccessful"] for answer in answers)
        answers.append(_halted(graph) if failed > MOST_FAILED else _answer(call, graph))
    return Reply(body={"graphs": answers})


def _answer(call: Call, graph: Mapping[str, Any]) -> dict[str, Any]:
    results = composite.together(call, graph["compositeRequest"], all_or_none=True)
    succeeded = all(result["httpStatusCode"] < HTTPStatus.MULTIPLE_CHOICES for result in results)
    return _told(graph, results, succeeded)


def _halted(graph: Mapping[str, Any]) -> dict[str, Any]:
    reply = composite.halted(TOO_MANY_FAILED)
    return _told(graph, [composite.result(part, reply) for part in graph["compositeRequest"]], False)


def _told(graph: Mapping[str, Any], results: list[Any], succeeded: bool) -> dict[str, Any]:
    response = {"compositeResponse": results}
    return {"graphId": graph["graphId"], "graphResponse": response, "isSuccessful": succeeded}


def _check(graphs: list[Any]) -> None:
    if len(graphs) > MOST_GRAPHS:
        raise _limit(f"more than {MOST_GRAPHS} graphs")
    seen: set[str] = set()
    for graph in graphs:
        if not isinstance(graph, dict):
            raise refuse("JSON_PARSER_ERROR", "Every graph must be an object")
        composite.check_reference("graphId", graph.get("graphId"), seen)
        _check_graph(listed(graph, "compositeRequest"))
    if sum(len(graph["compositeRequest"]) for graph in graphs) > MOST_NODES:
        raise _limit(f"more than {MOST_NODES} nodes")


def _check_graph(parts: list[Part]) -> None:
    composite.check_parts(parts)
    kinds = set()
    for part in parts:
        match = _SOBJECTS.match(part["url"])
        if match is None:
            raise refuse("INVALID_INPUT", f"Only sobjects resources are allowed in a graph: {part['url']}")
        kinds.add((part["method"], match[1].lower()))
    if len(kinds) > MOST_KINDS:
        raise _limit(f"more than {MOST_KINDS} different kinds of nodes in a graph")
    if max(_depths(parts), default=0) > DEEPEST:
        raise _limit(f"a depth of more than {DEEPEST} in a graph")


def _depths(parts: list[Part]) -> Iterator[int]:
    """How many nodes, itself included, each one waits for in a row."""
    known: dict[str, int] = {}
    for part in parts:
        names = (name for text in _texts(part["url"], part.get("body")) for name in _REFERENCE.findall(text))
        depth = 1 + max((known.get(name, 0) for name in names), default=0)
        known[part["referenceId"]] = depth
        yield depth


def _texts(*values: Any) -> Iterator[str]:
    """All strings in a body but its keys, however deep."""
    waiting = list(values)
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, (list, dict)):
            waiting += value.values() if isinstance(value, dict) else value


def _limit(what: str) -> Exception:
    return refuse("LIMIT_EXCEEDED", f"Limit exceeded. Cannot have {what}.")
