"""Account stages that follow from deals: an open one counts before a closed one, of closed ones the latest.

A person's own choice is never fought: a stage is set where the account has none, or still has the one that was inferred
last. Any other stage is somebody's, and stays until they empty it or choose the inferred one again.

Whoever changes deals only marks their accounts, in the same transaction; a job infers afterwards, thousands at once.
Kept with each account is the deal that decided: an account's stage can then only change by a deal that is the
account's now, or by the one that decided.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pghistory
from django.db import transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from common.bulk import any_of, copy_in, upsert, write_columns
from common.models import Record, RecordKind
from integrations.models import (
    Connection,
    InferenceMark,
    InferredStage,
    Lane,
    SkippedRecord,
    StageInference,
    SyncEvent,
)
from integrations.sync import outbox
from integrations.sync.deadlocks import on_deadlock_again
from integrations.sync.records import RECORD_TYPES

CHUNK = 5_000
BY_DEALS = "The stage follows from the account’s deals."
WORDS = {"when_open": "is open", "when_won": "was won", "when_lost": "was lost"}


def rule_of(connection: Connection) -> StageInference | None:
    """The rule, where there is one that counts: a field that holds the stage goes before it."""
    mapped = connection.field_mappings.filter(record_kind=RecordKind.ACCOUNT, field="stage")
    rule = StageInference.objects.filter(connection=connection, is_on=True).first()
    return rule if rule and not mapped.exists() else None


def note(connection: Connection, kind: str, ids: Collection[int]) -> None:
    """Records came, changed or are gone. Of deals the accounts are due, also those that they have left."""
    if kind == RecordKind.DEAL and ids and rule_of(connection):
        given = any_of(ids, "bigint")
        present = _deals().filter(pk__in=given, account_id__isnull=False).values_list("account_id", flat=True)
        decided = InferredStage.objects.filter(deal_id__in=given).values_list("record_id", flat=True)
        _mark({*present, *decided})


def note_accounts(connection: Connection, ids: Collection[int]) -> None:
    """Accounts that were given deals, or whose stage a person emptied, are due."""
    if ids and rule_of(connection):
        _mark(ids)


def note_all(connection: Connection) -> None:
    """The rule has changed: every account that has deals is due."""
    if rule_of(connection):
        _mark(set(_linked_deals().values_list("account_id", flat=True).distinct()))


def adopt(connection: Connection) -> None:
    """Count the stages that accounts with deals have now as inferred, so that the rule may replace them."""
    found = decisions()
    stages = _left_to_us(found).exclude(stage=None).values_list("pk", "stage_id")
    rows = [InferredStage(record_id=pk, deal_id=found[pk].deal_id, stage_id=stage_id) for pk, stage_id in stages]
    upsert(rows, ["record_id"], ["deal_id", "stage_id"])


def is_due() -> bool:
    return InferenceMark.objects.exists()


def next_due() -> list[int]:
    """The accounts that are inferred next."""
    return list(InferenceMark.objects.order_by("pk").values_list("record_id", flat=True)[:CHUNK])


@on_deadlock_again
def infer_some(connection: Connection) -> bool:
    """Infer the stages of the next accounts; False when none are left."""
    # What is inferred from the other side's deals is no edit of ours that the sweep should push.
    with transaction.atomic(), pghistory.context(source="Salesforce", rule=BY_DEALS):
        marks = list(InferenceMark.objects.select_for_update(skip_locked=True).order_by("pk")[:CHUNK])
        if rule := rule_of(connection):
            _infer(rule, {mark.record_id for mark in marks})
        InferenceMark.objects.filter(pk__in=any_of((mark.pk for mark in marks), "bigint")).delete()
    return bool(marks)


@dataclass(frozen=True)
class Decision:
    """Which deal speaks for an account, and what it says: a field of the rule."""

    deal_id: int
    deal: str
    says: str

    @property
    def reason(self) -> str:
        return f"Its stage follows from the deal “{self.deal}”, which {WORDS[self.says]}."


def decisions(accounts: Collection[int] | None = None) -> dict[int, Decision]:
    """What deals say of these accounts, or of all that have any; one query."""
    deals = _linked_deals()
    if accounts is not None:
        deals = deals.filter(account_id__in=any_of(accounts, "bigint"))
    latest_last = (F("close_on").desc(nulls_last=True), "-pk")
    rows = deals.order_by("account_id", "stage__is_closed", *latest_last).distinct("account_id")
    values = rows.values_list("account_id", "pk", "name", "stage__is_closed", "stage__is_won")
    return {
        account: Decision(pk, name, ("when_won" if is_won else "when_lost") if is_closed else "when_open")
        for account, pk, name, is_closed, is_won in values
    }


def is_free(account: Any, inferred: InferredStage | None) -> bool:
    """Whether the stage is nobody's own choice."""
    return account.stage_id is None or (inferred is not None and inferred.stage_id == account.stage_id)


def _infer(rule: StageInference, ids: Collection[int]) -> None:
    found = decisions(ids)
    if not found:
        return
    accounts: list[Any] = list(_left_to_us(found).select_for_update(of=("self",)).order_by("pk"))
    known = {row.record_id: row for row in InferredStage.objects.filter(record_id__in=any_of(found, "bigint"))}
    changed, rows = [], []
    for account in accounts:
        decision, inferred = found[account.pk], known.get(account.pk)
        wanted, last = getattr(rule, f"{decision.says}_id"), inferred.stage_id if inferred else None
        if not is_free(account, inferred):
            wanted = last
        elif wanted is not None and wanted != account.stage_id:
            account.stage_id, account.updated_at = wanted, timezone.now()
            changed.append(account)
        rows.append(InferredStage(record_id=account.pk, deal_id=decision.deal_id, stage_id=wanted or last))
    write_columns(changed, ["stage", "updated_at"])
    upsert(rows, ["record_id"], ["deal_id", "stage_id"])
    _tell(changed, found)
    # An account that is not in Salesforce may meet the stages that are pushed now.
    unlinked = [account for account in changed if not account.crm_id]
    outbox.mark_due(rule.connection, RecordKind.ACCOUNT, unlinked, lane=Lane.BACKGROUND)


def _tell(accounts: Iterable[Record], found: Mapping[int, Decision]) -> None:
    pulled = {"record_kind": RecordKind.ACCOUNT, "kind": SyncEvent.Kind.PULLED}
    copy_in([SyncEvent(**pulled, record_id=one.pk, summary=found[one.pk].reason) for one in accounts])


def _left_to_us(ids: Iterable[int]) -> QuerySet[Any]:
    """Accounts that nobody keeps out of the sync."""
    skipped = SkippedRecord.objects.filter(record_kind=RecordKind.ACCOUNT).values("record_id")
    accounts = RECORD_TYPES[RecordKind.ACCOUNT].model._default_manager
    return accounts.filter(pk__in=any_of(ids, "bigint")).exclude(pk__in=skipped)


def _deals() -> QuerySet[Any]:
    return RECORD_TYPES[RecordKind.DEAL].model._default_manager.all()


def _linked_deals() -> QuerySet[Any]:
    """Those that Salesforce has: only they are opportunities."""
    return _deals().exclude(crm_id="").filter(account_id__isnull=False)


def _mark(ids: Iterable[int]) -> None:
    copy_in([InferenceMark(record_id=pk) for pk in ids])
