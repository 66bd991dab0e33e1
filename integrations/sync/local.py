"""Writing to our own records what came from the other side: in bulk, past the signals, only the named columns."""

from collections import defaultdict
from collections.abc import Iterable

from django.db.models import Q
from django.utils import timezone

from common.bulk import upsert, write_columns
from common.models import Record
from integrations.models import PendingReference
from integrations.sync import inference
from integrations.sync.mapping import MISSING, Vocabulary, to_local, to_remote
from integrations.sync.plan import Base, Plan
from integrations.sync.provider import MONEY, Value, Values
from integrations.sync.scope import Scope
from integrations.sync.showing import follow_conditions


class Writer:
    """Collects changes of records, and writes them with one statement for each set of columns."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        self.columns: dict[int, set[str]] = defaultdict(set)
        self.records: dict[int, Record] = {}
        self.pending: list[PendingReference] = []
        self.resolved: list[tuple[int, str]] = []

    def touch(self, record: Record, *columns: str) -> None:
        self.records[record.pk] = record
        self.columns[record.pk].update(columns)

    def identify(self, record: Record, remote_object: str, remote_id: str) -> None:
        """Set what the record is on the other side; "" and "": nothing any more."""
        columns = {"crm_id": remote_id}
        if hasattr(record, "crm_object"):
            columns["crm_object"] = remote_object
        for name, value in columns.items():
            if getattr(record, name) != value:
                setattr(record, name, value)
                self.touch(record, name)

    def carry_out(
        self, record: Record, plan: Plan, base: Base | None, seen: Values, now: Values, vocabulary: Vocabulary
    ) -> dict[str, list[Value]]:
        """Set what ``plan`` wants here; returns what changed, as [before, after] by remote field.

        ``seen`` are the values that were planned with, ``now`` those of the locked row: a field edited in between
        keeps its base and is planned again. A value that does not fit is left; the sides then differ until one
        changes.
        """
        changes: dict[str, list[Value]] = {}
        for name, value in plan.to_local.items():
            if now.get(name, MISSING) != seen.get(name, MISSING):
                self._keep_base(plan, name, base, seen)
            elif self._set(record, name, value, vocabulary):
                changes[name] = [now.get(name), value]
                if base is None:
                    self._keep_address(record, name, now.get(name))
                self._note_loss(record, plan, name, value, vocabulary)
            else:
                plan.agree_to_differ(name, now.get(name), value)
        return changes

    def _keep_address(self, record: Record, name: str, address: Value) -> None:
        """On first link theirs takes the place of our address, which stays known."""
        if self.scope.by_name[name].field.name == "email" and address and hasattr(record, "keep_address"):
            record.keep_address(str(address))
            self.touch(record, "other_emails")

    def _note_loss(self, record: Record, plan: Plan, name: str, value: Value, vocabulary: Vocabulary) -> None:
        """What our field can't hold exactly (cents, seconds) is no edit of ours."""
        pair = self.scope.by_name[name]
        ours = to_remote(pair, self.scope.value_of(record, pair.field, vocabulary), vocabulary)
        if ours is not MISSING and ours != value and not pair.field.reference:
            plan.agree_to_differ(name, ours, value)

    def _keep_base(self, plan: Plan, name: str, base: Base | None, seen: Values) -> None:
        if base is None or name not in base.theirs:
            plan.agree_to_differ(name, seen.get(name), plan.theirs[name])
        else:
            del plan.theirs[name]
            plan.keep(name, base)

    def _set(self, record: Record, name: str, value: Value, vocabulary: Vocabulary) -> bool:
        """Whether the value is one that our field can hold."""
        pair = self.scope.by_name[name]
        present = pair.field.get(record)
        local = to_local(pair, value, vocabulary, present)
        if pair.field.reference:
            self.note_reference(record.pk, pair.field.name, value, local)
        if local is MISSING or (local is None and value is not None and present is None):
            return False
        stage_id = record.stage_id  # type: ignore[attr-defined] # every kind has a stage, their common base has none
        pair.field.set(record, self.scope.as_kept(stage_id, pair.field, local, vocabulary))
        self.touch(record, pair.field.column)
        if pair.remote.type == MONEY:
            self._assume(record)
        return True

    def _assume(self, record: Record) -> None:
        """An amount from there is in the currency that goes without saying there."""
        for name, value in self.scope.assumed.items():
            if getattr(record, name) != value:
                setattr(record, name, value)
                self.touch(record, name)

    def note_reference(self, pk: int, name: str, remote_id: Value, record_id: int | None) -> None:
        """Remember a reference to a record that is not here yet; forget one that is."""
        if remote_id and record_id is None:
            self.pending.append(
                PendingReference(
                    connection=self.scope.connection,
                    record_kind=self.scope.kind,
                    record_id=pk,
                    field=name,
                    remote_id=str(remote_id),
                )
            )
        else:
            self.resolved.append((pk, name))

    def flush(self) -> None:
        groups: dict[frozenset[str], list[Record]] = defaultdict(list)
        for pk, columns in self.columns.items():
            groups[frozenset(columns)].append(self.records[pk])
        for names, records in groups.items():
            self._update(records, names)
        if self.records:
            follow_conditions(self.scope.settings, list(self.records))
            inference.note(self.scope.connection, self.scope.kind, list(self.records))
        self._store_references()

    def _update(self, records: list[Record], columns: Iterable[str]) -> None:
        names = {*columns, "updated_at"}
        derived = getattr(self.scope.type.model, "DERIVED", {})
        names |= {name for name, (source, _) in derived.items() if source in names}
        for record in records:
            record.updated_at = timezone.now()
            if derived:
                record.derive()
        write_columns(records, sorted(names))

    def _store_references(self) -> None:
        if self.resolved:
            gone = Q(pk__in=[])
            for name in {name for _, name in self.resolved}:
                gone |= Q(field=name, record_id__in=[pk for pk, field in self.resolved if field == name])
            PendingReference.objects.filter(gone, record_kind=self.scope.kind).delete()
        upsert(self.pending, ["record_kind", "record_id", "field"], ["remote_id", "connection"])
