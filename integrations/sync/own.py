"""After a create whose outcome nobody knows: find out what it made before daring again.

Where the org has a field for our external id, the record is found by it, and sending the same again makes no second
one. Elsewhere it is recognised by what was sent, by whom and when; what stays in doubt is left to a person.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

from django.conf import settings

from common.bulk import any_of
from integrations.models import ErrorEntry, RecordLink, SyncEvent
from integrations.sync.mapping import Problem
from integrations.sync.outcomes import Item, Linked, Rejected, Waits
from integrations.sync.plan import Plan
from integrations.sync.provider import Provider, RemoteRecord, Values
from integrations.sync.scope import Scope
from integrations.sync.writing import still_open

SECOND_LOOK = 10  # seconds between looks for what a create of unknown outcome made
CLOCK_MARGIN = timedelta(minutes=5)  # by which our clock may differ from theirs


def find_own(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Link the records that earlier, unanswered creates made; let those wait whose create may still take effect."""
    lost = [item for item in still_open(items) if item.row.sent_at]
    if keyed := [item for item in lost if item.row.external_id and scope.external_id]:
        _find_by_external_id(scope, keyed, provider)
    if unkeyed := [item for item in lost if item not in keyed]:
        _find_by_content(scope, unkeyed, provider)


def _find_by_external_id(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """What is not found is sent once more as it was: the same id can't be there twice."""
    made = provider.by_external_id(
        scope.remote_object, scope.external_id, [str(item.row.external_id) for item in items]
    )
    for item in items:
        if remote_id := made.get(str(item.row.external_id)):
            item.outcome = _made(scope, item, remote_id, item.row.sent or {})


def _find_by_content(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    since = min(item.row.sent_at for item in items if item.row.sent_at) - CLOCK_MARGIN
    made = list(provider.created_by_us(scope.remote_object, since, scope.names))
    links = RecordLink.objects.filter(remote_id__in=any_of(record.id for record in made))
    known = set(links.values_list("remote_id", flat=True))
    free = [record for record in made if record.id not in known]
    for item in items:
        _recognise(scope, item, free, item.row.sent or {})
        if item.is_open and item.row.sent_at and provider.clock() - item.row.sent_at < patience():
            item.outcome = Waits(
                "Its creation was sent, but the answer was lost: finding out what became of it.", SECOND_LOOK
            )


def patience() -> timedelta:
    """How long a create whose answer was lost may still take effect; only then is it sent again."""
    return timedelta(seconds=2 * settings.SYNC_TIMEOUT)


def _recognise(scope: Scope, item: Item, free: list[RemoteRecord], payload: Values) -> None:
    """Tie a record that we created to its row: it holds all that we sent, else at least what names it."""
    exact = [record for record in free if _holds(record, payload)]
    likely = [
        record for record in free if _holds(record, {name: payload.get(name) for name in _naming(scope, payload)})
    ]
    if exact or len(likely) == 1:
        own = (exact or likely)[0]
        free.remove(own)
        item.outcome = _made(scope, item, own.id, payload)
    elif likely:
        candidates = [{"remote_object": record.remote_object, "remote_id": record.id} for record in likely]
        message = "The connection was cut while creating it, and several records could be the one. Choose it."
        item.outcome = Rejected(
            Problem("OUTCOME_UNKNOWN", "", message, {"candidates": candidates}), ErrorEntry.By.TANDEM, payload
        )


def _holds(record: RemoteRecord, values: Values) -> bool:
    return all(record.values[name] == value for name, value in values.items() if name in record.values)


def _naming(scope: Scope, payload: Values) -> list[str]:
    """The fields that name a record: its e-mail address, else its names."""
    by_field = {pair.field.name: pair.name for pair in scope.pairs}
    if payload.get(by_field.get("email", "")):
        return [by_field["email"]]
    return [by_field[name] for name in ("first_name", "last_name", "name") if name in by_field]


def _made(scope: Scope, item: Item, remote_id: str, payload: Values) -> Linked:
    """The link after an old create: what differs from what was sent then is an edit made since."""
    made = created(scope, item, remote_id, payload)
    made.plan.ours.clear()
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
