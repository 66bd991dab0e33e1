"""After a create whose outcome nobody knows: find out what it made before daring again.

Where the org has a field for our external id, the record is found by it, and sending the same again makes no second
one. Elsewhere it is recognised by what was sent, by whom and when; what stays in doubt is left to a person.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.conf import settings

from common.bulk import any_of
from integrations.models import ErrorEntry, Outbox, RecordLink, SyncEvent
from integrations.sync.mapping import Problem
from integrations.sync.outcomes import Item, Linked, Rejected, Waits
from integrations.sync.plan import Plan
from integrations.sync.provider import Provider, RemoteRecord, Values
from integrations.sync.scope import Scope
from integrations.sync.writing import still_open

SECOND_LOOK = 10  # seconds between looks for what a create of unknown outcome made
IN_DOUBT = "Its creation was sent, but the answer was lost: finding out what became of it."
CLOCK_MARGIN = timedelta(minutes=5)  # by which our clock may differ from theirs


def find_own(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Link the records that earlier, unanswered creates made; let those wait whose create may still take effect.

    What is not found is sent once more; under an external id at once, for the same one can't be there twice.
    """
    lost = [item for item in still_open(items) if item.row.sent_at]
    made = made_by([item.row for item in lost], scope, provider)
    for item in lost:
        found = made.get(item.row.pk, [])
        if len(found) == 1:
            item.outcome = _made(scope, item, found[0], item.row.sent or {})
        elif found:
            item.outcome = _ask_which(scope, item, found)
        elif may_still_arrive(item.row, provider) and not (item.row.external_id and scope.external_id):
            item.outcome = Waits(IN_DOUBT, SECOND_LOOK)


def made_by(rows: Sequence[Outbox], scope: Scope, provider: Provider) -> dict[int, list[str]]:
    """Ids of what creates of unknown outcome made, by row; several where each of them could be it."""
    made: dict[int, list[str]] = {}
    keyed = [row for row in rows if row.external_id and scope.external_id]
    unkeyed = [row for row in rows if row not in keyed]
    if keyed:
        keys = [str(row.external_id) for row in keyed]
        by_key = provider.by_external_id(scope.remote_object, scope.external_id, keys)
        made |= {row.pk: [by_key[key]] for row in keyed if (key := str(row.external_id)) in by_key}
    if unkeyed:
        free = _unlinked(scope, min(row.sent_at for row in unkeyed if row.sent_at) - CLOCK_MARGIN, provider)
        made |= {row.pk: _recognised(scope, free, row.sent or {}) for row in unkeyed}
    return made


def _unlinked(scope: Scope, since: datetime, provider: Provider) -> list[RemoteRecord]:
    """What this login created since then and no record here is linked to."""
    made = list(provider.created_by_us(scope.remote_object, since, scope.names))
    links = RecordLink.objects.filter(remote_id__in=any_of(record.id for record in made))
    known = set(links.values_list("remote_id", flat=True))
    return [record for record in made if record.id not in known]


def may_still_arrive(row: Outbox, provider: Provider) -> bool:
    return row.sent_at is not None and provider.clock() - row.sent_at < patience()


def patience() -> timedelta:
    """How long a create whose answer was lost may still take effect; only then is it sent again."""
    return timedelta(seconds=2 * settings.SYNC_TIMEOUT)


def _recognised(scope: Scope, free: list[RemoteRecord], payload: Values) -> list[str]:
    """What we created of ``payload``: it holds all that we sent, else at least what names it. One is taken from
    ``free``.
    """
    sent = {name: value for name, value in payload.items() if name not in scope.unread}
    names = {name: payload.get(name) for name in scope.naming(payload)}
    exact = [record for record in free if _holds(record, sent)]
    likely = [record for record in free if names and _holds(record, names)]
    if exact or len(likely) == 1:
        own = (exact or likely)[0]
        free.remove(own)
        return [own.id]
    return [record.id for record in likely]


def _ask_which(scope: Scope, item: Item, ids: Sequence[str]) -> Rejected:
    candidates = [{"remote_object": scope.remote_object, "remote_id": remote_id} for remote_id in ids]
    message = "The connection was cut while creating it, and several records could be the one. Choose it."
    problem = Problem("OUTCOME_UNKNOWN", "", message, {"candidates": candidates})
    return Rejected(problem, ErrorEntry.By.TANDEM, item.row.sent or {})


def _holds(record: RemoteRecord, values: Values) -> bool:
    return all(record.values[name] == value for name, value in values.items() if name in record.values)


def _made(scope: Scope, item: Item, remote_id: str, payload: Values) -> Linked:
    """The link after an old create: what differs from what was sent then is an edit made since."""
    made = created(scope, item, remote_id, payload)
    made.plan.ours.clear()
    for name in scope.unread:  # of several that look the same it may be another one: it is told again
        made.plan.agree(name, None)
    return replace(made, is_stale=True)


def created(scope: Scope, item: Item, remote_id: str, payload: Values) -> Linked:
    """The link after a create: what was sent is agreed; what was not, each side may still tell the other."""
    agreed = Plan()
    for name in scope.names:
        pair = scope.by_name[name]
        value = payload.get(name, False if pair.remote.type == "boolean" else None)
        if name in item.local and name not in payload and scope.is_of_stage(item.record, pair.field):
            agreed.agree(name, item.local[name])
        elif name in item.local:
            agreed.agree_to_differ(name, item.local[name], value)
        elif pair.field.name != "owner":
            agreed.agree(name, value)
    return Linked(remote_id, scope.remote_object, agreed, SyncEvent.Kind.CREATED, note=item.note, sent=payload)
