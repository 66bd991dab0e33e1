"""What a pass over activities of one object needs: as ``Scope`` for records, with the mapping of ``objects.py``."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Prefetch, Q, QuerySet, prefetch_related_objects

from activities.models import Activity, Message
from common.bulk import any_of, is_any_of
from common.models import Record, RecordKind
from integrations.activity_rules import ActivityRules
from integrations.models import ActivitySettings, Connection, Credential, ObjectSettings, RecordLink, SyncedKind
from integrations.sync.activities.objects import (
    ACTIVITY_OBJECTS,
    DONE,
    FIELDS,
    NAMING,
    TASK,
    TOGETHER,
    UNREAD,
    is_shared,
)
from integrations.sync.activities.saying import Words, say
from integrations.sync.mapping import Pair, Vocabulary, normal
from integrations.sync.plan import Base, Direction, Plan, Rule, Winner
from integrations.sync.provider import Description, RemoteField, Value, Values
from integrations.sync.records import ACTIVITIES
from integrations.sync.scope import Scope, stored_description

LONG = 255  # characters; of longer texts a base holds only what they are recognised by
DIGEST = "sha256:"
NEEDED = (
    "contact",
    "account",
    "deal",
    "owner",
    Prefetch("message", Message.objects.defer("html")),
    "participants__contact",
    "participants__user",
)
LOG = Rule(Direction.OUT, Winner.OURS)
SHARED = Rule(Direction.BOTH, Winner.LATEST)


def scope_for(connection: Connection, remote_object: str, login: Credential | None = None) -> Scope:
    """The scope of whatever is synced."""
    load = ActivityScope.load if remote_object in ACTIVITY_OBJECTS else Scope.load
    return load(connection, remote_object, login)


@dataclass(frozen=True)
class ActivityScope(Scope):
    rules_of_activities: ActivityRules = field(default_factory=lambda: ActivityRules(ActivitySettings()))

    @classmethod
    def load(cls, connection: Connection, remote_object: str, login: Credential | None = None) -> "ActivityScope":
        description = Description.from_json(stored_description(connection, remote_object, login).content)
        pairs = [
            Pair(local, description.fields[name], LOG)
            for name, local in FIELDS[remote_object].items()
            if name in description.fields
        ]
        return cls(
            connection=connection,
            remote_object=remote_object,
            type=ACTIVITIES,
            settings=_as_an_object(connection),
            description=description,
            pairs=tuple(pairs),
            login=login,
            rules_of_activities=ActivityRules.load(connection),
        )

    @cached_property
    def shared_rules(self) -> dict[str, Rule]:
        return dict.fromkeys(self.rules, SHARED)

    def rules_of(self, record: Any) -> Mapping[str, Rule]:
        """What came from there goes both ways, a log of what happened here goes out."""
        return self.shared_rules if is_shared(record) else self.rules

    @property
    def references(self) -> list[Pair]:
        """Whom an activity hangs on is not one record of one kind: ``waiting`` sees to that."""
        return []

    @property
    def unread(self) -> Set[str]:
        return UNREAD.get(self.remote_object, frozenset())

    def naming(self, values: Values) -> list[str]:
        return [name for name in NAMING if name in values]

    @cached_property
    def mapped_at(self) -> None:
        return None

    def is_of_stage(self, record: Record, field: Any) -> bool:
        return False

    # --- in their words -----------------------------------------------------------------------------------------------

    @cached_property
    def words(self) -> Words:
        fields = self.description.fields
        status, type_ = fields.get("Status"), fields.get("Type")
        closed = closed_values(status) if status else ()
        return Words(
            settings=self.rules_of_activities.settings,
            closed=closed,
            open=tuple(value for value in status.values if value not in closed) if status else (),
            types=frozenset(type_.values if type_ else ()),
            lengths={name: remote.length for name, remote in fields.items()},
            owners=self.owners,
        )

    @cached_property
    def owners(self) -> dict[int, str]:
        rows = self.connection.user_mappings.exclude(user=None).order_by("is_active", "remote_id")
        return {row.user_id: row.remote_id for row in rows if row.user_id}

    def load_records(self, ids: Iterable[int]) -> QuerySet[Any]:
        return Activity.objects.filter(pk__in=any_of(ids, "bigint"))

    def vocabulary(self, records: Sequence[Any] = (), remote: Iterable[Values] = ()) -> Vocabulary:
        """``record_ids``: of whom and what theirs hang on; an id of theirs tells what kind that is."""
        users = {remote_id: pk for pk, remote_id in self.owners.items()}
        return Vocabulary(remote_users=self.owners, users=users, record_ids=self._hung_on(remote))

    def _hung_on(self, remote: Iterable[Values]) -> dict[str, int]:
        ids = {str(id_) for values in remote for name in ("WhoId", "WhatId") if (id_ := values.get(name))}
        if not ids:
            return {}
        links = RecordLink.objects.live().filter(connection=self.connection, record_kind__in=RecordKind.values)
        is_it = Q(is_any_of("remote_id", ids, "varchar"))
        found = links.filter(is_it | Q(is_any_of("also_lead_id", ids, "varchar")) & ~Q(also_lead_id=""))
        known: dict[str, int] = {}
        for remote_id, lead_id, pk in found.values_list("remote_id", "also_lead_id", "record_id"):
            if pk:
                known |= {remote_id: pk} | ({lead_id: pk} if lead_id else {})
        return known

    def express(self, records: Sequence[Any], vocabulary: Vocabulary) -> dict[int, dict[str, Value]]:
        prefetch_related_objects(list(records), *NEEDED)
        ids = [record.pk for record in records if record.pk]
        links = RecordLink.objects.live().of(SyncedKind.ACTIVITY, ids) if ids else ()
        bases = {link.record_id: link.base for link in links}
        return {record.pk: self._say(record, bases.get(record.pk)) for record in records}

    def _say(self, activity: Activity, base: Values | None) -> dict[str, Value]:
        said = say(self.remote_object, activity, self.words, base or {}, is_new=base is None)
        return {name: normal(self.by_name[name].remote, value) for name, value in said.items() if name in self.by_name}

    # --- what was agreed on -------------------------------------------------------------------------------------------

    def kept(self, agreed: Values) -> dict[str, Value]:
        return {name: _digest(value) for name, value in agreed.items()}

    def recalled(self, base: Base | None, local: Values, remote: Values) -> Base | None:
        if base is None:
            return None
        return Base(_recalled(base.theirs, remote, local), _recalled(base.ours, local, remote))

    def say_along(self, agreed: Plan, local: Values) -> None:
        if TOGETHER & agreed.to_remote.keys():
            for name in TOGETHER & local.keys() - agreed.to_local.keys():
                agreed.push(name, local[name])

    def readable(self, values: Mapping[str, Any]) -> dict[str, Any]:
        return super().readable({name: _shortened(value) for name, value in values.items()})


def _as_an_object(connection: Connection) -> ObjectSettings:
    """What the engines ask of an object's settings: an activity is no duplicate of another.

    Where people have a field for an external id, and activities one of the same name, that serves them as well.
    """
    people = connection.object_settings.filter(record_kind=RecordKind.CONTACT).first()
    return ObjectSettings(
        connection=connection,
        record_kind=SyncedKind.ACTIVITY,
        push_new=True,
        external_id_field=people.external_id_field if people else "",
        duplicate_rule=ObjectSettings.DuplicateRule.SAVE,
    )


def _digest(value: Value) -> Value:
    if not isinstance(value, str) or len(value) <= LONG:
        return value
    return f"{DIGEST}{hashlib.sha256(value.encode()).hexdigest()}"


def _recalled(agreed: Values, *sides: Values) -> dict[str, Value]:
    """The long texts that digests stand for, as far as one of the sides still says them."""
    found = dict(agreed)
    for name, value in agreed.items():
        if isinstance(value, str) and value.startswith(DIGEST):
            told = (side.get(name) for side in sides)
            found[name] = next((text for text in told if _digest(text) == value), value)
    return found


def _shortened(value: Any) -> Any:
    if isinstance(value, list):
        return [_shortened(one) for one in value]
    return f"{value[:LONG]}…" if isinstance(value, str) and len(value) > LONG else value


def closes(scope: Scope, status: Value) -> bool:
    """Whether a task of theirs is done."""
    remote = scope.description.fields.get("Status")
    return bool(remote and scope.remote_object == TASK and status in closed_values(remote))


def closed_values(status: RemoteField) -> tuple[str, ...]:
    return status.closed_values or tuple(value for value in status.values if value == DONE)
