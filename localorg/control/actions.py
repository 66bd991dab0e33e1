"""What people do in Salesforce's own pages and REST cannot: merge, convert, undelete; and the org's switches."""

from collections.abc import Callable
from typing import Any, TypeVar

from localorg import ids
from localorg.auth import signin
from localorg.dml import convert as conversion
from localorg.dml import merge as merging
from localorg.dml import remove
from localorg.dml.work import Work
from localorg.org import Org

Json = dict[str, Any]
T = TypeVar("T")


def merge(org: Org, given: Json) -> Json:
    """By the administrator, as all of these are."""
    master, losers = _id(given["master"]), [_id(loser) for loser in given["losers"]]
    values = dict(given.get("fields") or {})
    _do(org, lambda work: merging.merge(work, org.schema[given["object"]], master, losers, values))
    return {"id": master, "mergedRecordIds": losers, "success": True}


def convert(org: Org, given: Json) -> Json:
    account, contact = (_id(given[name]) if given.get(name) else None for name in ("account", "contact"))
    owner = _id(given["owner"]) if given.get("owner") else None
    return _do(
        org,
        lambda work: conversion.convert(
            work,
            _id(given["lead"]),
            account,
            contact,
            bool(given.get("opportunity")),
            opportunity_name=given.get("opportunity_name"),
            owner=owner,
            status=given.get("status"),
            overwrite_source=bool(given.get("overwrite_source")),
        ),
    )


def undelete(org: Org, given: Json) -> Json:
    wanted = [_id(record_id) for record_id in given["ids"]]

    def run(work: Work) -> None:
        for record_id in wanted:
            remove.undelete(work, record_id)

    _do(org, run)
    return {"ids": wanted, "success": True}


def _do(org: Org, action: Callable[[Work], T]) -> T:
    admin = signin.run_as(org)
    assert admin is not None
    with org.database.write() as db:
        return action(org.work(db, admin.id))


def _id(text: str) -> str:
    found = ids.parse(str(text))
    if found is None:
        raise ValueError(f"not an id: {text}")
    return found
