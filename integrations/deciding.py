"""What people answer to what the sync asks: which record it is, another one, save it all the same; once, or always."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.db.models import TextChoices
from django.utils import timezone

from common.models import Record
from integrations import services, tuning
from integrations.asking import asked
from integrations.models import Connection, Credential, ErrorEntry, Lane, ObjectSettings, Outbox, RecordLink
from integrations.salesforce.ids import object_of, to_18
from integrations.services import ALIVE, Refused, queue_push
from integrations.sync.matching import LOOKED_THROUGH, links_by_remote_id, wanted
from integrations.sync.provider import RemoteRecord
from integrations.sync.records import OBJECTS, model_of
from integrations.sync.scope import Scope
from integrations.sync.twins import name_of
from users.models import User

DUPLICATE = "DUPLICATES_DETECTED"
# Which setting answers a code for good.
RULES: dict[str, tuple[str, type[TextChoices]]] = {
    "SEVERAL_MATCHES": ("several_matches", ObjectSettings.SeveralMatches),
    DUPLICATE: ("duplicate_rule", ObjectSettings.DuplicateRule),
}


@transaction.atomic
def resolve_match(entry: ErrorEntry, remote_id: str, user: User) -> None:
    """Answer "which of these is it?": link the chosen one, or with "" create another. Raises Refused."""
    record = _locked_record(entry)
    if not remote_id:
        queue_push(record, user=user, lane=Lane.PEOPLE, is_manual=True, create_anyway=True)
        return
    if record.crm_id:
        raise Refused("It is linked by now: there is nothing left to choose.")
    candidates = {row["remote_id"]: row["remote_object"] for row in entry.details.get("candidates", ())}
    if remote_id not in candidates:
        raise Refused("Choose one of the records that are shown.")
    if links_by_remote_id([remote_id]):
        raise Refused("That record is linked to another one by now.")
    _link(entry, record, candidates[remote_id], remote_id)
    queue_push(record, user=user, lane=Lane.PEOPLE, is_manual=True)


@transaction.atomic
def save_anyway(entry: ErrorEntry, user: User) -> None:
    """Push it once more, and tell duplicate rules that only warn to let it through. Raises Refused."""
    queue_push(_locked_record(entry), user=user, lane=Lane.PEOPLE, is_manual=True, create_anyway=True)


def _locked_record(entry: ErrorEntry) -> Record:
    model = model_of(entry.record_kind)
    record = model._default_manager.select_for_update(of=("self",)).filter(pk=entry.record_id).first()
    if record is None:
        raise Refused("The record was deleted here.")
    return record


def _link(entry: ErrorEntry, record: Record, remote_object: str, remote_id: str) -> None:
    """Link without a base: the push that follows compares the two for the first time."""
    values = {"record_kind": entry.record_kind, "record_id": record.pk, "remote_object": remote_object}
    RecordLink.objects.update_or_create(
        connection=entry.connection,
        remote_id=remote_id,
        defaults={**values, "base": {}, "base_ours": {}, "dropped_at": None, "note": "Linked by hand.", **ALIVE},
    )
    columns = {"crm_id": remote_id} | ({"crm_object": remote_object} if hasattr(record, "crm_object") else {})
    type(record)._default_manager.filter(pk=record.pk).update(**columns)
    Outbox.objects.of(entry.record_kind, [record.pk]).update(sent_at=None, sent=None)
    record.refresh_from_db()


def look_up(entry: ErrorEntry, text: str = "") -> int:
    """Ask Salesforce which records it could be, and keep them with the entry; returns how many.

    ``text``: the id or the address of the one that somebody means. Raises Refused.
    """
    record = model_of(entry.record_kind)._default_manager.filter(pk=entry.record_id).first()
    if record is None:
        raise Refused("The record was deleted here.")
    with asked(entry) as (login, provider):
        found = _meant(entry, text, login, provider) if text else _alike(entry, record, login, provider)
    _keep_candidates(entry, found)
    return len(found)


def _meant(entry: ErrorEntry, text: str, login: Credential, provider: Any) -> list[dict[str, str]]:
    remote_id = to_18(next((part for part in reversed(text.split("/")) if object_of(part)), ""))
    remote_object = object_of(remote_id)
    if OBJECTS.get(remote_object) != entry.record_kind:
        raise Refused("That is not the id or the address of such a record in Salesforce.")
    scope = Scope.load(entry.connection, remote_object, login)
    (remote,) = provider.retrieve(remote_object, [remote_id], scope.names)
    if remote is None:
        raise Refused("Salesforce has no such record, or hides it from the team's login.")
    return [_candidate(scope, remote)]


def _alike(entry: ErrorEntry, record: Record, login: Credential, provider: Any) -> list[dict[str, str]]:
    objects = LOOKED_THROUGH.get(entry.record_kind, ())
    scopes = {name: Scope.load(entry.connection, name, login) for name in objects}
    if not scopes:
        return []
    (found,) = provider.find(objects, [wanted(record)], {name: scope.names for name, scope in scopes.items()})
    live = [remote for remote in found if not remote.is_deleted and not remote.is_converted]
    return [_candidate(scopes[remote.remote_object], remote) for remote in live]


def _candidate(scope: Scope, remote: RemoteRecord) -> dict[str, str]:
    return {"remote_object": remote.remote_object, "remote_id": remote.id, "name": name_of(scope, remote)}


@transaction.atomic
def _keep_candidates(entry: ErrorEntry, found: Sequence[dict[str, str]]) -> None:
    """Add to those that are shown; another admin may have looked up others."""
    entry.details = ErrorEntry.objects.select_for_update().values_list("details", flat=True).get(pk=entry.pk)
    known = {one["remote_id"]: one for one in [*entry.details.get("candidates", ()), *found] if one.get("remote_id")}
    entry.details = {**entry.details, "candidates": list(known.values())}
    entry.save(update_fields=["details"])


def candidates_of(entry: ErrorEntry) -> list[dict[str, Any]]:
    """The records that it could be, each with whether another one of ours has it already."""
    found = [one for one in entry.details.get("candidates", ()) if one.get("remote_id")]
    links = links_by_remote_id([one["remote_id"] for one in found]) if found else {}
    return [{**one, "is_taken": one["remote_id"] in links} for one in found]


@dataclass(frozen=True)
class Rule:
    """A question that can be answered for good, of one kind of record, and how it is answered now."""

    code: str
    kind: str
    label: str
    answers: list[tuple[str, str]]
    present: str


def rule_of(entry: ErrorEntry) -> Rule | None:
    """The rule that would have answered what this entry asks; None where there is none."""
    settings = entry.connection.object_settings.filter(record_kind=entry.record_kind).first()
    return _rule(settings, entry.code) if settings and entry.code in RULES else None


def rules(connection: Connection, code: str) -> list[Rule]:
    """How a question is answered for each kind of record that it can be asked of."""
    kinds = [str(kind) for kind in LOOKED_THROUGH]
    found = connection.object_settings.filter(record_kind__in=kinds).order_by("-record_kind")
    return [_rule(settings, code) for settings in found]


def _rule(settings: ObjectSettings, code: str) -> Rule:
    name, answers = RULES[code]
    label = str(ObjectSettings._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
    return Rule(code, settings.record_kind, label, answers.choices, getattr(settings, name))


def always(settings: ObjectSettings, code: str, value: str, user: User) -> int:
    """Answer a question for good, and what waits for that answer with it; returns how many. Raises Refused."""
    name, answers = RULES.get(code, ("", None))
    if answers is None or value not in answers.values:
        raise Refused("Choose one of the answers.")
    with transaction.atomic():
        locked = ObjectSettings.objects.select_for_update().get(pk=settings.pk)
        setattr(locked, name, value)
        tuning.save_settings(locked, [name])
    if value == "ask":
        return 0
    entries = ErrorEntry.objects.open().filter(record_kind=settings.record_kind, code=code)
    return services.retry(list(entries.select_related("connection")), user)


@transaction.atomic
def confirm_link(link: RecordLink) -> None:
    """A person looked at a link that was a guess, and it is right."""
    RecordLink.objects.filter(pk=link.pk).update(to_check=False, updated_at=timezone.now())


@transaction.atomic
def unlink(link: RecordLink, user: User) -> None:
    """Take a link back that was a wrong guess: both records stay, and ours is kept out until somebody decides.

    Raises Refused when the link is no more what it was.
    """
    record = model_of(link.record_kind)._default_manager.select_for_update(of=("self",))
    found = record.filter(pk=link.record_id).first()
    present = RecordLink.objects.live().select_for_update().filter(pk=link.pk, record_id=link.record_id).first()
    if found is None or present is None:
        raise Refused("It is not linked any more.")
    present.dropped_at, present.to_check = timezone.now(), False
    present.drop_reason = f"{user} took the link back: they are two."
    present.save(update_fields=["dropped_at", "drop_reason", "to_check"])
    columns = {"crm_id": ""} | ({"crm_object": ""} if hasattr(found, "crm_object") else {})
    type(found)._default_manager.filter(pk=found.pk).update(**columns)
    services.skip(found, user)
