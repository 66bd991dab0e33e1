"""Records that others need go first: accounts before their contacts, parents before their children."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pghistory
from django.db.models import prefetch_related_objects

from common.models import Record, RecordKind
from integrations.models import ErrorEntry, Lane, ObjectSettings, SkippedRecord
from integrations.sync import outbox
from integrations.sync.mapping import Problem
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import PARENT_NOT_SYNCED, Item, LeftOut, Rejected, Waits
from integrations.sync.parents import join_accounts
from integrations.sync.scope import Scope
from integrations.sync.writing import still_open

BY_COMPANY = "A contact that is pushed without an account gets that of its company."
AHEAD = timedelta(seconds=1)  # parents go before everything that waits in the lane of their children


def wait_for_parents(claim: Claim, scope: Scope, items: Sequence[Item]) -> None:
    """A record that another needs goes first; it gets a row of its own and is created only through that."""
    for pair in scope.references:
        lacking = [item for item in still_open(items) if pair.name not in item.local]
        prefetch_related_objects([item.record for item in lacking], pair.field.name)
        parents = {parent.pk: parent for item in lacking if (parent := getattr(item.record, pair.field.name))}
        barred = _barred(pair.field.reference, list(parents))
        circular = _circular(lacking) if pair.field.name == "parent" else set()
        for item in lacking:
            if item.record.pk not in circular:
                parent_id = pair.field.get(item.record)
                item.outcome = _wait_for(pair.field.reference, parents[parent_id], barred.get(parent_id), item)
        needed = [
            parents[item.outcome.parent[1]]
            for item in lacking
            if isinstance(item.outcome, Waits) and item.outcome.parent
        ]
        if needed:
            kind, head = RecordKind(pair.field.reference), claim.rows[0]
            unique = list({parent.pk: parent for parent in needed}.values())
            outbox.mark_due(
                scope.connection,
                kind,
                unique,
                lane=Lane(head.lane),
                actor_id=head.actor_id,
                is_automatic=True,
                due_at=min(row.next_attempt_at for row in claim.rows) - AHEAD,
            )


def _circular(items: Sequence[Item]) -> set[int]:
    """Records that are, through their parents, their own parent: they would wait for ever, and go without instead."""
    above = {item.record.pk: getattr(item.record, "parent_id", None) for item in items}
    model: Any = type(items[0].record) if items else None
    todo = set(above.values()) - {None} - set(above)
    while model and todo:
        rows = dict(model._default_manager.filter(pk__in=todo, crm_id="").values_list("pk", "parent_id"))
        above |= rows
        todo = set(rows.values()) - {None} - set(above)
    return {item.record.pk for item in items if _returns(item.record.pk, above)}


def _returns(start: int, above: dict[int, int | None]) -> bool:
    seen, present = {start}, above.get(start)
    while present is not None and present not in seen:
        seen.add(present)
        present = above.get(present)
    return present == start


def _barred(kind: str, ids: list[int]) -> dict[int, str]:
    """Parents that will not get there, and why."""
    refused = ErrorEntry.objects.open().of(kind, ids).values_list("record_id", "message")
    skipped = SkippedRecord.objects.of(kind, ids).values_list("record_id", flat=True)
    return {
        **{pk: f"could not be pushed: {message}" for pk, message in refused if pk},
        **dict.fromkeys(skipped, "is kept out of the sync by a person."),
    }


def _wait_for(kind: str, parent: Record, barred: str | None, item: Item) -> Waits | Rejected:
    if barred is None:
        return Waits(f"Its {kind}, {parent}, goes first.", parent=(kind, parent.pk))
    message = f"Its {kind}, {parent}, {barred}"
    problem = Problem(PARENT_NOT_SYNCED, "", message, {"parent_kind": kind, "parent_id": parent.pk})
    return Rejected(problem, ErrorEntry.By.TANDEM, item.local)


def give_accounts(scope: Scope, items: Sequence[Item]) -> None:
    """A contact without an account joins, or makes, the account of its company."""
    pair = next((pair for pair in scope.references if pair.field.name == "account"), None)
    if pair is None or scope.kind != RecordKind.CONTACT:
        return
    lonely = [item for item in items if pair.field.get(item.record) is None and item.local.get(pair.name) is None]
    contacts = [item.record for item in lonely]
    with pghistory.context(source="Tandem", rule=BY_COMPANY):
        join_accounts(contacts)  # type: ignore[arg-type]
    for item in lonely:
        account = item.record.account  # type: ignore[attr-defined]
        if account is not None:
            item.local.pop(pair.name, None)
            item.local |= {pair.name: account.crm_id} if account.crm_id else {}
        elif scope.settings.without_account == ObjectSettings.WithoutAccount.HOLD and not item.row.is_manual:
            item.outcome = LeftOut("It has no account, and contacts without one are kept out of Salesforce.")
