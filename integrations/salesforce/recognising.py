"""Finding people and companies by what they are recognised by: a search that misses none, and an exact comparison."""

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from integrations.salesforce import soql
from integrations.sync.provider import RemoteRecord, Wanted

PEOPLE = {"Contact", "Lead"}


def keys_of(remote_object: str) -> tuple[str, ...]:
    """What a record is recognised by."""
    return ("Email",) if remote_object in PEOPLE else ("Name", "Website") if remote_object == "Account" else ()


def conditions(remote_object: str, wanted: Sequence[Wanted]) -> Iterator[str]:
    """WHERE conditions that together find every candidate; the caller compares exactly."""
    emails = sorted({email for one in wanted for email in one.emails})
    domains = sorted({one.domain for one in wanted if one.domain})
    names = sorted({one.name for one in wanted if one.name})
    if remote_object in PEOPLE:
        yield from (f"Email IN ({','.join(group)})" for group in soql.chunks(list(map(soql.quote, emails)), ","))
        return
    likes = [f"Website LIKE {soql.containing(domain)}" for domain in domains]
    yield from (" OR ".join(group) for group in soql.chunks(likes))
    yield from (f"Name IN ({','.join(group)})" for group in soql.chunks(list(map(soql.quote, names)), ","))


def by_wanted(
    records: Sequence[tuple[RemoteRecord, Mapping[str, Any]]], wanted: Sequence[Wanted]
) -> list[list[RemoteRecord]]:
    """The records that each of ``wanted`` recognises: by e-mail; by domain, else by name."""
    by_key: dict[tuple[str, str], list[RemoteRecord]] = defaultdict(list)
    for record, row in records:
        if email := (row.get("Email") or "").lower():
            by_key["email", email].append(record)
        if website := row.get("Website"):
            by_key["domain", _host(website)].append(record)
        if name := row.get("Name"):
            by_key["name", _folded(name)].append(record)
    return [_recognised(one, by_key) for one in wanted]


def _recognised(wanted: Wanted, by_key: Mapping[tuple[str, str], list[RemoteRecord]]) -> list[RemoteRecord]:
    found = {record.id: record for email in wanted.emails for record in by_key.get(("email", email), ())}
    if wanted.domain and not found:
        hosts = [key for key in by_key if key[0] == "domain" and _is_below(key[1], wanted.domain)]
        found = {record.id: record for key in hosts for record in by_key[key]}
    if wanted.name and not found:
        found = {record.id: record for record in by_key.get(("name", _folded(wanted.name)), ())}
    return list(found.values())


def _host(website: str) -> str:
    return re.split(r"[/?#:]", re.sub(r"^[a-z]+://", "", website.strip().lower()), maxsplit=1)[0]


def _is_below(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _folded(name: str) -> str:
    return " ".join(name.lower().split())
