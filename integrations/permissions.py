"""What each login may do in the org, as far as the sync needs it: from stored descriptions, without asking anybody.

What lacks is said in the words of the Salesforce admin who can grant it.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from django.db.models import JSONField, QuerySet
from django.db.models.expressions import RawSQL

from integrations.mapping_lines import MappingLine
from integrations.models import (
    Connection,
    Credential,
    DeletionSettings,
    FieldMapping,
    LoginDescription,
    ObjectDescription,
    ObjectSettings,
)
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import KINDS, RECORD_TYPES

OUT = {FieldMapping.Direction.BOTH, FieldMapping.Direction.OUT}
IN = {FieldMapping.Direction.BOTH, FieldMapping.Direction.IN}
Mapped = FieldMapping | MappingLine


@dataclass(frozen=True)
class FieldRights:
    """``lacks``: what to ask the Salesforce admin for; "" when the sync has what it needs."""

    field: str
    label: str
    remote_field: str
    may_read: bool
    may_create: bool
    may_edit: bool
    lacks: str


@dataclass(frozen=True)
class ObjectRights:
    """``described_at`` None: the object was not described for this login yet, so nothing is known.

    ``sees_all``, ``changes_all``: whether sharing hides no record of it, and keeps none from being changed.
    """

    remote_object: str
    described_at: datetime | None
    may_read: bool
    may_create: bool
    may_edit: bool
    may_delete: bool
    sees_all: bool
    changes_all: bool
    fields: tuple[FieldRights, ...]
    lacks: tuple[str, ...]

    @property
    def lacking_fields(self) -> list[FieldRights]:
        return [row for row in self.fields if row.lacks]

    @property
    def count(self) -> int:
        """How many things lack."""
        return len(self.lacks) + len(self.lacking_fields)


@dataclass(frozen=True)
class LoginRights:
    """``lacks``: of the login as a whole."""

    login: Credential
    is_teams: bool
    lacks: tuple[str, ...]
    objects: tuple[ObjectRights, ...]

    @property
    def count(self) -> int:
        """How many things lack."""
        return len(self.lacks) + sum(one.count for one in self.objects)

    @property
    def request(self) -> str:
        """What lacks, as a text for the Salesforce admin; "" when nothing does."""
        parts = [("For the user as a whole", list(self.lacks))]
        for one in self.objects:
            parts.append((one.remote_object, [*one.lacks, *(row.lacks for row in one.lacking_fields)]))
        told = [f"{title}\n" + "\n".join(f"- {line}" for line in lines) for title, lines in parts if lines]
        who = f"{self.login} ({self.login.username})" if self.login.username else str(self.login)
        return "\n\n".join([f"What Tandem needs for the Salesforce user {who}:", *told]) if told else ""


def rights_of(login: Credential) -> LoginRights:
    """Everything that the sync does with a login, and whether it may; a fixed number of queries."""
    connection = login.connection
    is_teams = connection.team_credential_id == login.pk
    mappings: dict[str, list[Mapped]] = {}
    for mapping in MappingLine.all_of(connection.field_mappings.order_by("remote_object", "pk")):
        mappings.setdefault(mapping.remote_object, []).append(mapping)
    needs = _Needs.load(connection)
    known = descriptions_for(login)
    objects = tuple(_object(login, name, rows, known.get(name), needs) for name, rows in mappings.items())
    lacks = tuple(_lacks_of_login(login, needs.synced(mappings), is_teams=is_teams))
    return LoginRights(login, is_teams, lacks, objects)


def rights_on(connection: Connection, remote_object: str, logins: Sequence[Credential]) -> list[ObjectRights]:
    """What several logins may do with one object, in their order; a fixed number of queries."""
    mappings: list[Mapped] = [
        *MappingLine.all_of(connection.field_mappings.filter(remote_object=remote_object).order_by("pk"))
    ]
    return _rights_on(connection, remote_object, logins, mappings) if mappings else []


def field_lacks(mapping: FieldMapping) -> list[tuple[Credential, str]]:
    """What each working login lacks for one field, mapped as in ``mapping``, which need not be saved."""
    logins = list(mapping.connection.credentials.usable().order_by("pk"))
    rights = _rights_on(mapping.connection, mapping.remote_object, logins, [mapping])
    return [(login, row.lacks) for login, one in zip(logins, rights, strict=True) for row in one.lacking_fields]


def _rights_on(
    connection: Connection, remote_object: str, logins: Sequence[Credential], mappings: list[Mapped]
) -> list[ObjectRights]:
    needs = _Needs.load(connection)
    settings = needs.settings.get(mappings[0].record_kind)
    special = [settings.external_id_field, settings.source_field] if settings else []
    names = [*(row.remote_field for row in mappings), *special]
    teams = _only(connection.descriptions.filter(remote_object=remote_object), names).first()
    rows = _only(LoginDescription.objects.filter(credential__in=logins, remote_object=remote_object), names)
    own = {row.credential_id: row for row in rows}
    kept = [teams if login.pk == connection.team_credential_id else own.get(login.pk) for login in logins]
    return [
        _object(login, remote_object, mappings, _known_rights(row) if row else None, needs)
        for login, row in zip(logins, kept, strict=True)
    ]


def _only(rows: QuerySet[Any], names: Sequence[str]) -> QuerySet[Any]:
    """Descriptions with the rights on these fields alone, as ``needed``: an object may have 800, with many values."""
    fields = """content || jsonb_build_object('fields', (
        SELECT coalesce(jsonb_object_agg(field ->> 'name', jsonb_build_array(
            field -> 'label', field -> 'is_createable', field -> 'is_updateable')), '{}')
        FROM jsonb_array_elements(content -> 'fields') AS field WHERE field ->> 'name' = ANY(%s)))"""
    needed = RawSQL(fields, [list(names)], output_field=JSONField())  # noqa: S611 - names are parameters
    return rows.defer("content").annotate(needed=needed)


def asked_for(logins: Sequence[Credential], rights: Sequence[ObjectRights]) -> str:
    """What several logins lack on one object, as a text for the Salesforce admin; "" when nothing does."""
    who: dict[str, list[str]] = {}
    for login, one in zip(logins, rights, strict=True):
        for line in (*one.lacks, *(row.lacks for row in one.lacking_fields)):
            who.setdefault(line, []).append(f"{login} ({login.username})" if login.username else str(login))
    told = [f"- {line}\n  For: {', '.join(names)}" for line, names in who.items()]
    return "\n".join([f"What Tandem needs on {rights[0].remote_object}:", "", *told]) if told else ""


Described = tuple[Description, datetime]


def descriptions_for(login: Credential) -> dict[str, Described]:
    """Objects as a login sees them: the team's by what is kept for all, another's by its own."""
    rows: list[ObjectDescription] | list[LoginDescription] = (
        list(login.connection.descriptions.all())
        if login.connection.team_credential_id == login.pk
        else list(login.descriptions.all())
    )
    return {row.remote_object: _known(row) for row in rows}


def _known(row: ObjectDescription | LoginDescription) -> Described:
    return Description.from_json(row.content), row.fetched_at


class _Rights(NamedTuple):
    """Of a remote field, what rights are told from."""

    label: str
    is_createable: bool
    is_updateable: bool


def _known_rights(row: Any) -> Described:
    fields: Any = {name: _Rights(*rights) for name, rights in row.needed["fields"].items()}
    return Description(**row.needed | {"fields": fields}), row.fetched_at


@dataclass(frozen=True)
class _Needs:
    """What the settings ask of a login."""

    settings: Mapping[str, ObjectSettings]
    deletes: frozenset[str]
    labels: dict[str, Mapping[str, str]] = field(default_factory=dict)

    @classmethod
    def load(cls, connection: Connection) -> "_Needs":
        deletes = DeletionSettings.objects.filter(connection=connection, sync_deletes=True)
        return cls(
            {row.record_kind: row for row in connection.object_settings.all()},
            frozenset(deletes.values_list("remote_object", flat=True)),
        )

    def labels_of(self, kind: str) -> Mapping[str, str]:
        """What the fields of a kind are called; read when it is asked for."""
        if kind not in self.labels:
            self.labels[kind] = {name: one.label for name, one in RECORD_TYPES[kind].fields.items()}
        return self.labels[kind]

    def creates(self, kind: str, remote_object: str) -> bool:
        """Whether new records become this object."""
        settings = self.settings.get(kind)
        return bool(settings and settings.push_new and (settings.create_as or remote_object) == remote_object)

    def synced(self, names: Iterable[str]) -> list[str]:
        """Those of these objects that are synced and have sharing rules of their own."""
        kinds = {name: KINDS[name] for name in names if name in KINDS}
        found = {name: self.settings.get(kind) for name, kind in kinds.items()}
        return [name for name, row in found.items() if row and row.sync != ObjectSettings.Sync.OFF]


def _object(
    login: Credential, name: str, mappings: list[Mapped], known: Described | None, needs: _Needs
) -> ObjectRights:
    sees, changes = login.sees_all(name), login.changes_all(name)
    if known is None:
        return ObjectRights(name, None, False, False, False, False, sees, changes, (), ())
    description, described_at = known
    kind = mappings[0].record_kind
    settings = needs.settings.get(kind)
    fields: tuple[FieldRights, ...] = ()
    if description.is_visible:
        labels, is_created = needs.labels_of(kind), needs.creates(kind, name) and description.is_createable
        fields = tuple(
            _field(row, description, labels.get(row.field, row.field), is_created=is_created) for row in mappings
        )
    lacks = tuple(_lacks_of_object(description, kind, settings, needs))
    return ObjectRights(
        remote_object=name,
        described_at=described_at,
        may_read=description.is_visible,
        may_create=description.is_createable,
        may_edit=description.is_updateable,
        may_delete=description.is_deletable,
        sees_all=sees,
        changes_all=changes,
        fields=fields,
        lacks=lacks,
    )


def _field(mapping: Mapped, description: Description, label: str, *, is_created: bool) -> FieldRights:
    remote = description.fields.get(mapping.remote_field)
    return FieldRights(
        field=mapping.field,
        label=label,
        remote_field=mapping.remote_field,
        may_read=remote is not None,
        may_create=bool(remote and remote.is_createable),
        may_edit=bool(remote and remote.is_updateable),
        lacks=_lacks_of_field(mapping, remote, description, is_created=is_created),
    )


def _lacks_of_field(mapping: Mapped, remote: RemoteField | None, description: Description, *, is_created: bool) -> str:
    name, place = mapping.remote_field, f"the field-level security of {description.label or description.name}"
    if remote is None:
        wanted = "Read and Edit Access" if mapping.direction in OUT else "Read Access"
        return f"Give {wanted} to “{name}” in {place}: this login does not see the field."
    if mapping.direction not in OUT:
        return ""
    if description.is_updateable and not remote.is_updateable:
        return f"Give Edit Access to “{remote.label}” ({name}) in {place}: this login may only read it."
    if is_created and not remote.is_createable:
        return f"Give Edit Access to “{remote.label}” ({name}) in {place}: new records go without it."
    return ""


def _lacks_of_object(
    description: Description, kind: str, settings: ObjectSettings | None, needs: _Needs
) -> Iterator[str]:
    name = description.label or description.name
    if not description.is_visible:
        yield f"Give Read, Create and Edit on {name} (object permissions): this login does not see the object."
        return
    if needs.creates(kind, description.name) and not description.is_createable:
        yield f"Give Create on {name} (object permissions): new records can't be made with this login."
    if not description.is_updateable:
        yield f"Give Edit on {name} (object permissions): changes can't be written with this login."
    if description.name in needs.deletes and not description.is_deletable:
        yield f"Give Delete on {name} (object permissions): deletions are synced, and this login may not delete."
    if settings and needs.creates(kind, description.name) and description.is_createable:
        yield from _lacks_of_special_fields(description, settings)


def _lacks_of_special_fields(description: Description, settings: ObjectSettings) -> Iterator[str]:
    for name, what in (
        (settings.external_id_field, "a create whose answer was lost can't be sent again safely"),
        (settings.source_field, "new records don't tell where they came from"),
    ):
        remote = description.fields.get(name)
        if name and not (remote and remote.is_createable):
            yield f"Give Edit Access to “{name}” (field-level security): without it {what}."


def _lacks_of_login(login: Credential, synced: Sequence[str], *, is_teams: bool) -> Iterator[str]:
    if login.broken_reason:
        yield f"Connect it again: {login.broken_reason}"
    unseen = [name for name in synced if not login.sees_all(name)]
    if is_teams and unseen:
        yield (
            f"Give View All on {_joined(unseen)}, or View All Data: without it only records that are shared with "
            "this user are pulled."
        )
    unchanged = [name for name in synced if not login.changes_all(name)]
    if unchanged:
        yield (
            "Records of others can be changed only where sharing allows it. Where that is not enough: Modify All on "
            f"{_joined(unchanged)}, or Modify All Data."
        )


def _joined(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def what_is_read(connection: Connection) -> str:
    """With whose eyes the org is read, for an admin who is about to start: more may be seen here than there."""
    login = connection.team_credential
    if login is None:
        return "There is no login to read with."
    whose = f"Everything is read with the login of {login} ({login.get_power_display()})"
    names = connection.field_mappings.order_by("remote_object").values_list("remote_object", flat=True).distinct()
    synced = _Needs.load(connection).synced(names)
    unseen = [name for name in synced if not login.sees_all(name)]
    if not unseen:
        return f"{whose}, which sees all records: people may see more of them here than in Salesforce."
    of_what = "" if len(unseen) == len(synced) else f" of {_joined(unseen)}"
    return f"{whose}: what is shared with that user{of_what} is pulled, whoever looks at it here."


def lacking_for(login: Credential, remote_object: str, operation: str) -> tuple[str, ...]:
    """What a write by ``login`` would be refused for, or go without; empty also while nothing is known of it."""
    own = login.connection.descriptions if login.connection.team_credential_id == login.pk else login.descriptions
    row = own.filter(remote_object=remote_object).first()
    if row is None:
        return ()
    description = Description.from_json(row.content)
    if refusal := description.refusal(operation):
        return (f"{login} {refusal}",)
    names = login.connection.field_mappings.filter(remote_object=remote_object, direction__in=OUT)
    remotes = [(name, description.fields.get(name)) for name in names.values_list("remote_field", flat=True)]
    left_out = [name for name, remote in remotes if not (remote and _may_write(remote, operation))]
    return (f"{login} may not write: {', '.join(left_out)}.",) if left_out else ()


def _may_write(remote: RemoteField, operation: str) -> bool:
    return remote.is_createable if operation == "create" else remote.is_updateable
