"""Which settings have no effect as things stand, and why: what they depend on is chosen otherwise, or lacks."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from common.models import RecordKind
from integrations.models import Connection, FieldMapping, ObjectSettings
from integrations.sync.records import OBJECTS

Sync = ObjectSettings.Sync
NEEDS_PUSH = ("push_by_stage", "push_stages", "source_field", "source_value")


@dataclass(frozen=True)
class Around:
    """What the settings of a kind depend on outside of them.

    ``emails``: objects whose e-mail is mapped to be read; ``held``: objects whose pull is paused; ``enriched``: kinds
    with a field that data of the directory may be written to.
    """

    objects: frozenset[str]
    emails: frozenset[str]
    held: frozenset[str]
    enriched: frozenset[str]
    pushes_contacts: bool
    new_people: str

    @classmethod
    def of(cls, connection: Connection) -> "Around":
        contacts = connection.object_settings.filter(record_kind=RecordKind.CONTACT).first()
        mapped = connection.field_mappings.filter(field="email").exclude(direction=FieldMapping.Direction.OUT)
        ruled = connection.field_mappings.exclude(enrichment=FieldMapping.Enrichment.NONE)
        return cls(
            objects=frozenset(connection.descriptions.values_list("remote_object", flat=True)),
            emails=frozenset(mapped.values_list("remote_object", flat=True)),
            held=frozenset(connection.cursors.filter(is_held=True).values_list("remote_object", flat=True)),
            enriched=frozenset(ruled.values_list("record_kind", flat=True).distinct().order_by()),
            pushes_contacts=bool(contacts and contacts.creates),
            new_people=contacts.create_as if contacts else "",
        )


def reasons(kind: str, chosen: Mapping[str, Any], around: Around) -> dict[str, str]:
    """Why settings of a kind have no effect, by their names; ``chosen`` may not be saved yet."""
    found: dict[str, str] = {}
    for name, reason in _reasons(kind, chosen, around):
        if name in chosen:
            found.setdefault(name, reason)
    return found


def _reasons(kind: str, chosen: Mapping[str, Any], around: Around) -> Iterator[tuple[str, str]]:
    if kind == RecordKind.DEAL:
        yield from _of_deals(chosen, around)
    if held := [name for name, of in OBJECTS.items() if of == kind and name in around.held]:
        yield "pull_every", f"The pull of {' and '.join(held)} is paused: see “One-time” below."
    if kind not in around.enriched:
        yield "enrich_existing", "No effect: under “Fields”, no field takes data from the directory."
    if not chosen.get("push_new"):
        yield from ((name, f"No effect while pushing new {kind}s is off.") for name in _held_by_push(kind))
    if str(chosen.get("push_by_stage")) != "True":
        yield "push_stages", "No effect while all new records are pushed."
    if not chosen.get("source_field"):
        yield "source_value", "No effect: there is no field to write it to."
    if kind == RecordKind.CONTACT:
        yield from _of_people(chosen, around)
    if kind == RecordKind.ACCOUNT and not (around.pushes_contacts and around.new_people == "Contact"):
        why = "new people become leads" if around.pushes_contacts else "pushing new contacts is off"
        yield "push_automatic_owner", f"No effect: accounts are made for contacts that are pushed, and {why}."


def _held_by_push(kind: str) -> tuple[str, ...]:
    """An account goes with its contact even while new accounts are not pushed: what it is made with counts then."""
    if kind == RecordKind.ACCOUNT:
        return NEEDS_PUSH[:2]
    return (*NEEDS_PUSH, "create_as", "without_account", "company_placeholder", "external_id_field")


def _of_people(chosen: Mapping[str, Any], around: Around) -> Iterator[tuple[str, str]]:
    if chosen.get("create_as") == "Lead":
        yield "without_account", "No effect while new people become leads: leads have no account in Salesforce."
    else:
        yield "company_placeholder", "No effect while new people become contacts: only leads need a company."
    if "Lead" not in around.objects:
        yield "match_accounts", "No effect: the team's login sees no leads."
    elif "Lead" not in around.emails:
        yield "match_accounts", "No effect: the e-mail of leads is not pulled. Map it under “Fields”."


def _of_deals(chosen: Mapping[str, Any], around: Around) -> Iterator[tuple[str, str]]:
    sync = chosen.get("sync")
    if sync in (Sync.OFF, Sync.PUSH):
        yield "pull_every", "No effect while deals are not pulled."
    if sync in (Sync.OFF, Sync.PULL):
        yield from (
            (name, "No effect while deals are not pushed.") for name in ("push_new", *NEEDS_PUSH, "external_id_field")
        )
    elif around.new_people == "Lead":
        yield "sync", "People of a deal take part in Salesforce as contacts; new people become leads at present."
