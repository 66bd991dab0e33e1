"""Everything that a pass over one remote object needs, loaded once: settings, mapped fields, vocabulary."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property, partial
from typing import Any, Protocol

from django.db.models import Max, QuerySet
from django.utils import timezone

from common.bulk import any_of
from common.models import Record
from integrations.models import (
    Connection,
    Credential,
    LoginDescription,
    ObjectDescription,
    ObjectSettings,
    PendingReference,
    RecordLink,
    StageMapping,
)
from integrations.models.connection import Described
from integrations.sync.mapping import MISSING, Pair, Vocabulary, express
from integrations.sync.plan import Base, Direction, Plan, Rule, Winner
from integrations.sync.provider import Description, Provider, RequestRefused, Value, Values
from integrations.sync.records import KINDS, RECORD_TYPES, Field, RecordType, Type
from integrations.sync.value_map import ValueMap

UUID = 36  # characters
LOGIN_DESCRIPTION_AGE = timedelta(days=1)
LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)  # a description of then is read again soon
DESCRIPTION_AGE = timedelta(minutes=1)  # a fresher description is not read again


@dataclass(frozen=True)
class Scope:
    connection: Connection
    remote_object: str
    type: RecordType
    settings: ObjectSettings
    description: Description
    pairs: tuple[Pair, ...]
    login: Credential | None = None

    @classmethod
    def load(cls, connection: Connection, remote_object: str, login: Credential | None = None) -> "Scope":
        """The scope as the team's login sees the object; as ``login`` sees it, once ``described_for`` was called."""
        kind = KINDS[remote_object]
        settings = ObjectSettings.objects.get(connection=connection, record_kind=kind)
        description = Description.from_json(stored_description(connection, remote_object, login).content)
        return cls(
            connection=connection,
            remote_object=remote_object,
            type=RECORD_TYPES[kind],
            settings=settings,
            description=description,
            pairs=tuple(_pairs(settings, remote_object, RECORD_TYPES[kind], description)),
            login=login,
        )

    @property
    def kind(self) -> str:
        return self.type.kind

    @cached_property
    def names(self) -> list[str]:
        """The mapped remote fields."""
        return [pair.name for pair in self.pairs]

    @cached_property
    def rules(self) -> dict[str, Rule]:
        return {pair.name: pair.rule for pair in self.pairs}

    def rules_of(self, record: Record) -> Mapping[str, Rule]:
        """The rules by which one record is kept in step."""
        return self.rules

    @property
    def unread(self) -> Set[str]:
        """Fields that are written and can't be read: theirs are taken to be as they were left."""
        return frozenset()

    def naming(self, values: Values) -> list[str]:
        """The fields that name a record: its e-mail address, else its names."""
        if values.get(self.by_field.get("email", "")):
            return [self.by_field["email"]]
        return [self.by_field[name] for name in ("first_name", "last_name", "name") if name in self.by_field]

    def load_records(self, ids: Iterable[int]) -> QuerySet[Any]:
        """Records of ours with what is looked at of them."""
        return self.type.model._default_manager.filter(pk__in=any_of(ids, "bigint"))

    def recalled(self, base: Base | None, local: Values, remote: Values) -> Base | None:
        """What was agreed on, as ``kept`` left it, where these are what the two sides say now."""
        return base

    def kept(self, agreed: Values) -> dict[str, Value]:
        """What is stored of values that were agreed on."""
        return dict(agreed)

    def say_along(self, agreed: Plan, local: Values) -> None:
        """Say what must be said together with what is said."""

    @cached_property
    def by_name(self) -> dict[str, Pair]:
        return {pair.name: pair for pair in self.pairs}

    @cached_property
    def by_field(self) -> dict[str, str]:
        """The remote field of each of ours that is mapped."""
        return {pair.field.name: pair.name for pair in self.pairs}

    @cached_property
    def external_id(self) -> str:
        """The field that holds our external id there; "" where none is chosen, or it can't serve."""
        remote = self.description.fields.get(self.settings.external_id_field)
        fits = remote and remote.is_external_id and remote.is_unique and remote.is_createable and remote.length >= UUID
        return remote.name if remote and fits else ""

    @cached_property
    def inactive_users(self) -> dict[str, str]:
        """Names by id of the org's users who can own nothing new."""
        return dict(self.connection.user_mappings.filter(is_active=False).values_list("remote_id", "name"))

    @cached_property
    def mapped_at(self) -> datetime | None:
        """When a mapping of this object last changed: what was agreed before is not all that is compared now."""
        return self.connection.field_mappings.filter(remote_object=self.remote_object).aggregate(at=Max("updated_at"))[
            "at"
        ]

    @property
    def needed(self) -> dict[str, Any]:
        """What a new record of this kind can't do without, should the other side not say it."""
        model: Any = self.type.model  # every kind has a stage, their common base has none
        stages: Any = self.type.stage_model._default_manager
        return {} if model._meta.get_field("stage").null else {"stage": stages.first_open()}

    @property
    def assumed(self) -> dict[str, str]:
        """What goes without saying there: of an org with one currency, no amount names it."""
        is_said = "currency" not in self.type.names or "currency" in self.by_field
        return {} if is_said or not self.connection.currency else {"currency": self.connection.currency}

    @cached_property
    def told_names(self) -> dict[str, str]:
        """What people read for a remote field: the label of ours; of several with the same, the remote name tells."""
        counts = Counter(pair.field.label for pair in self.pairs)
        return {
            pair.name: pair.field.label if counts[pair.field.label] == 1 else f"{pair.field.label} ({pair.name})"
            for pair in self.pairs
        }

    def readable(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Values by the names that people know the fields by."""
        return {self.told_names.get(name, name): value for name, value in values.items() if value is not MISSING}

    @cached_property
    def references(self) -> list[Pair]:
        return [pair for pair in self.pairs if pair.field.type == Type.REFERENCE]

    @cached_property
    def _siblings(self) -> dict[str, "Scope"]:
        return {self.remote_object: self}

    def of(self, remote_object: str) -> "Scope":
        """The same for another object that records of this kind can be."""
        if remote_object not in self._siblings:
            self._siblings[remote_object] = Scope.load(self.connection, remote_object, self.login)
        return self._siblings[remote_object]

    def vocabulary(self, records: Sequence[Record] = (), remote: Iterable[Values] = ()) -> Vocabulary:
        """The words for these records of ours and these values of theirs."""
        # Of several users of the org who are one person here, the last one counts: an active one.
        users = list(self.connection.user_mappings.exclude(user=None).order_by("is_active", "remote_id"))
        stage_values, stages = self._stages()
        return Vocabulary(
            remote_users={row.user_id: row.remote_id for row in users},  # type: ignore[misc]
            users={row.remote_id: row.user_id for row in users},  # type: ignore[misc]
            stage_values=stage_values,
            stages=stages,
            of_stage=self._of_stage(),
            remote_ids=self._remote_ids(records),
            record_ids=self._record_ids(remote),
        )

    def _stages(self) -> tuple[dict[int, str], dict[str, list[int]]]:
        positions = {stage.pk: number for number, stage in enumerate(self.type.stage_model._default_manager.all())}
        values = dict(self._stage_values())
        stages: dict[str, list[int]] = defaultdict(list)
        for stage_id in sorted(values, key=lambda pk: positions.get(pk, len(positions))):
            stages[values[stage_id]].append(stage_id)
        return values, stages

    def _stage_values(self) -> Iterable[tuple[int, str]]:
        """Their words for our stages, by the stages' ids."""
        if name := self.type.stage_value:
            stages = self.type.stage_model._default_manager.exclude(**{name: ""})
            return stages.values_list("pk", name)
        rows = StageMapping.objects.filter(connection=self.connection, remote_object=self.remote_object)
        return rows.values_list("stage_id", "remote_value")

    def _of_stage(self) -> dict[int, dict[str, Any]]:
        names = self.type.stage_fields
        rows = self.type.stage_model._default_manager.values("pk", *names) if names else ()
        return {row["pk"]: {name: row[name] for name in names} for row in rows}

    def value_of(self, record: Record, field: Field, vocabulary: Vocabulary) -> Any:
        """What a record says; its stage speaks for it where it says nothing."""
        if field.name in self.type.stage_fields and self.is_of_stage(record, field):
            return self._by_stage(record.stage_id, field, vocabulary)  # type: ignore[attr-defined]
        return field.get(record)

    def is_of_stage(self, record: Record, field: Field) -> bool:
        """Whether the stage speaks for the record in this field."""
        return field.name in self.type.stage_fields and field.get(record) == field.empty

    def said(self, stage_id: int | None, field: Field, value: Any, vocabulary: Vocabulary) -> Any:
        """What a record at a stage says that holds a value."""
        is_of_stage = field.name in self.type.stage_fields and value == field.empty
        return self._by_stage(stage_id, field, vocabulary) if is_of_stage else value

    def as_kept(self, stage_id: int | None, field: Field, value: Any, vocabulary: Vocabulary) -> Any:
        """A value as a record at a stage keeps it: not at all, where it is the stage's."""
        if field.name not in self.type.stage_fields:
            return value
        return field.empty if value == self._by_stage(stage_id, field, vocabulary) else value

    def _by_stage(self, stage_id: int | None, field: Field, vocabulary: Vocabulary) -> Any:
        return vocabulary.of_stage.get(stage_id or 0, {}).get(field.name, field.empty)

    def _remote_ids(self, records: Sequence[Record]) -> dict[tuple[str, int], str]:
        found: dict[tuple[str, int], str] = {}
        for pair in self.references:
            ids = {pk for record in records if (pk := pair.field.get(record))}
            if ids:
                model = RECORD_TYPES[pair.field.reference].model
                rows = model._default_manager.filter(pk__in=any_of(ids, "bigint")).exclude(crm_id="")
                found |= {(pair.field.reference, pk): crm_id for pk, crm_id in rows.values_list("pk", "crm_id")}
        return found

    def _record_ids(self, remote: Iterable[Values]) -> dict[str, int]:
        names = [pair.name for pair in self.references]
        ids = {str(values[name]) for values in remote for name in names if values.get(name)}
        if not ids:
            return {}
        rows = RecordLink.objects.live().filter(connection=self.connection, remote_id__in=any_of(ids))
        return {remote_id: pk for remote_id, pk in rows.values_list("remote_id", "record_id") if pk}

    def express(self, records: Sequence[Record], vocabulary: Vocabulary) -> dict[int, dict[str, Value]]:
        """Records by id in the other side's words. A reference to what is not here yet names what it points at."""
        pending = self._pending(records)
        expressed = {}
        for record in records:
            values = express(self.pairs, partial(self.value_of, record, vocabulary=vocabulary), vocabulary)
            for pair in self.references:
                waiting_for = pending.get((record.pk, pair.field.name))
                if waiting_for and pair.field.get(record) is None:
                    values[pair.name] = waiting_for
            expressed[record.pk] = values
        return expressed

    def _pending(self, records: Sequence[Record]) -> dict[tuple[int, str], str]:
        if not self.references:
            return {}
        ids = any_of((record.pk for record in records), "bigint")
        rows = PendingReference.objects.filter(record_kind=self.kind, record_id__in=ids)
        return {(row.record_id, row.field): row.remote_id for row in rows}


def _pairs(settings: ObjectSettings, remote_object: str, type_: RecordType, description: Description) -> Iterable[Pair]:
    """Mapped fields that both sides still have; one that is gone on either side is not synced.

    The stage comes first: what else is set may be the stage's. Where nothing is pulled, what is pushed prevails.
    """
    fields = type_.fields
    rows = settings.connection.field_mappings.filter(remote_object=remote_object)
    for row in sorted(rows, key=lambda row: (row.field != "stage", row.pk)):
        if row.field in fields and row.remote_field in description.fields:
            winner = Winner(settings.winner_of(row)) if settings.pulls else Winner.OURS
            rule = Rule(Direction(row.direction), winner, row.unit)
            values = ValueMap.of(row.value_map, is_closed=row.unlisted == row.Unlisted.REFUSE)
            yield Pair(fields[row.field], description.fields[row.remote_field], rule, values, row.enrichment)


def base_of(link: RecordLink) -> Base | None:
    """What a link's two records last agreed on; None when they have yet to be compared for the first time."""
    return Base(link.base, link.base_ours) if link.base else None


def stored_description(connection: Connection, remote_object: str, login: Credential | None) -> Described:
    own = login and login.descriptions.filter(remote_object=remote_object).first()
    return own or ObjectDescription.objects.get(connection=connection, remote_object=remote_object)


def described_for(login: Credential, remote_objects: Iterable[str], provider: Provider) -> None:
    """Have objects described for a user's own login, unless they were today; the team's is described elsewhere."""
    if login.pk == login.connection.team_credential_id:
        login.descriptions.all().delete()
        return
    fresh = login.descriptions.filter(fetched_at__gt=timezone.now() - LOGIN_DESCRIPTION_AGE)
    for name in set(remote_objects) - set(fresh.values_list("remote_object", flat=True)):
        describe_for(login, name, provider)


def ensure_described(connection: Connection, remote_object: str, provider: Provider) -> None:
    """Have an object described that the org was not asked for when it was read last."""
    rows = ObjectDescription.objects.filter(connection=connection, remote_object=remote_object)
    if not rows.exists():
        content = _seen(provider, remote_object).as_json()
        rows.get_or_create(
            connection=connection,
            remote_object=remote_object,
            defaults={"content": content, "fetched_at": timezone.now()},
        )


def describe_for(login: Credential, remote_object: str, provider: Provider) -> None:
    """Keep how a user's own login sees an object, or that it does not."""
    _keep(login, _seen(provider, remote_object))


def describe_all_for(login: Credential, remote_objects: Sequence[str], provider: Provider) -> None:
    """The same of several objects, by one call."""
    found = provider.describe_many(remote_objects)
    for name in remote_objects:
        _keep(login, found.get(name) or Description.unseen(name))


def _keep(login: Credential, description: Description) -> None:
    LoginDescription.objects.update_or_create(
        credential=login,
        remote_object=description.name,
        defaults={"content": description.as_json(), "fetched_at": timezone.now()},
    )


def _seen(provider: Provider, remote_object: str) -> Description:
    try:
        return provider.describe(remote_object)
    except RequestRefused:
        return Description.unseen(remote_object)


class Describable(Protocol):
    """An object that a pass is over, as a login sees it."""

    @property
    def connection(self) -> Connection: ...

    @property
    def remote_object(self) -> str: ...

    @property
    def description(self) -> Description: ...

    @property
    def login(self) -> Credential | None: ...


def refresh(scope: Describable, provider: Provider) -> bool:
    """Read the description of an object anew, unless it is fresh: an admin may have changed the object meanwhile."""
    stored = stored_description(scope.connection, scope.remote_object, scope.login)
    if not stored.is_older_than(timezone.now() - DESCRIPTION_AGE):
        return False
    description = _seen(provider, scope.remote_object)
    stored.content, stored.fetched_at = _kept(stored, description), timezone.now()
    stored.save(update_fields=["content", "fetched_at"])
    if description.is_visible:
        scope.description.fields.clear()
        scope.description.fields.update(description.fields)
    return True


def _kept(stored: Described, found: Description) -> dict[str, Any]:
    """What to keep of a description. Where the team's login sees an object no more, its fields stay mapped."""
    content = found.as_json()
    if found.is_visible or isinstance(stored, LoginDescription):
        return content
    return {**stored.content, "is_visible": False, "is_createable": False, "is_updateable": False}
