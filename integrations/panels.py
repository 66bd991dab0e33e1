"""What the sync says in other apps' pages: badges in lists, a card on a record, the timeline, the home page."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import prefetch_related_objects
from django.http import HttpRequest
from django.template.loader import render_to_string

from common import slots
from common.models import Record
from common.paging import honest_count
from integrations import campaigns, inbox, services, signing_in
from integrations.forms.notices import NoticeChoiceForm
from integrations.logins import the_connection
from integrations.models import Connection, ErrorEntry, NoticeCopy, RecordLink, SyncedKind
from integrations.ownership import remote_owners
from integrations.remedies import remedy
from integrations.sync.records import kind_of


def waiting_for_people(request: HttpRequest) -> int:
    return inbox.counts_for(request).total


def _connection(request: HttpRequest) -> Connection:
    """Asked for once, however many places of a page want it."""
    known = vars(request)
    if "_connection" not in known:
        known["_connection"] = the_connection()
    return known["_connection"]


@slots.fill("sign_in.ways")
def sign_in_with_the_org(request: HttpRequest, people: Sequence[Any]) -> list[str]:
    html = render_to_string("integrations/_sign_in.html", request=request) if signing_in.is_offered() else ""
    return [html for _ in people]


@slots.fill("record.badges")
def sync_badges(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    if not _connection(request).org_id or kind_of(records[0]) is None:
        return ["" for _ in records]
    states = _states(request, records)
    # Most records of a page are in the same state.
    shown = {state: render_to_string("integrations/_badge.html", {"state": state}) for state in set(states.values())}
    return [shown[states[record.pk]] if record.pk in states else "" for record in records]


def _states(request: HttpRequest, records: Sequence[Record]) -> Mapping[int, services.SyncState]:
    """Asked for once, where the badge of a record's page and its card tell the same."""
    known: dict[tuple[type, int], services.SyncState] = vars(request).setdefault("_sync_states", {})
    keys = [(type(record), record.pk) for record in records]
    if not known.keys() >= set(keys):
        found = services.sync_states(records)
        known |= {key: found[key[1]] for key in keys if key[1] in found}
    return {key[1]: known[key] for key in keys if key in known}


@slots.fill("record.panels")
def sync_cards(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    return [sync_card(request, record) if kind_of(record) else "" for record in records]


def sync_card(request: HttpRequest, record: Record, refused: str = "", pulling: datetime | None = None) -> str:
    """State, link and last exchange of one record. It asks for itself again only while the record waits.

    ``pulling``: when somebody asked for a pull that is not through yet.
    """
    connection, kind = _connection(request), kind_of(record)
    if not connection.org_id or kind is None:
        return ""
    links = list(RecordLink.objects.live().of(kind, [record.pk]).select_related("credential").order_by("pk"))
    prefetch_related_objects([connection], "credentials")
    state = _states(request, [record]).get(record.pk)
    context = {
        "record": record,
        "kind": kind,
        "connection": connection,
        "state": state,
        "remedy": remedy(state, kind, request.user) if state else None,  # type: ignore[arg-type]
        "link": links[0] if links else None,
        "remote_owner": remote_owners([record], links).get(record.pk, ""),
        "error": ErrorEntry.objects.open().of(kind, [record.pk]).first(),
        "refusal": services.push_refusal(record, connection),
        "refused": refused,
        "pulling": pulling,
        "pull_refusal": services.pull_refusal(connection) if record.crm_id else "",
    }
    if kind == SyncedKind.CONTACT:
        context |= {
            "campaigns": campaigns.of_record(record.pk),
            "campaign_refusal": campaigns.refusal(request.user, connection),  # type: ignore[arg-type]
        }
    return render_to_string("integrations/_panel.html", context, request)


@slots.fill("home.panels")
def home_card(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    connection = the_connection()
    context = {
        "connection": connection,
        "phase": connection.phase,
        "phases": Connection.Phase,
        "open_errors": honest_count(ErrorEntry.objects.open()),
        "waiting": honest_count(connection.outbox.all()),
    }
    return [render_to_string("integrations/_home.html", context, request) for _ in records]


@slots.fill("deleted.links")
def tombstone_links(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    """Who may bring records back from there is an admin."""
    is_shown = bool(the_connection().org_id)
    link = render_to_string("integrations/_deleted_links.html", {}, request) if is_shown else ""
    return [link if user.is_admin else "" for user in records]


@slots.fill("menu.foot")
def bell(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    """How many notices a person has not seen."""
    counts = [NoticeCopy.objects.unseen_by(user.pk).count() for user in records]
    return [render_to_string("integrations/_bell.html", {"count": count}, request) for count in counts]


@slots.fill("job.panels")
def campaign_card(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    """What became of each person whom a job adds to a campaign; the card loads itself."""
    told = [campaigns.is_of_campaign(job) for job in records]
    return [
        render_to_string("integrations/_campaign_card.html", {"job": job}, request) if is_told else ""
        for job, is_told in zip(records, told, strict=True)
    ]


@slots.fill("you.panels")
def notice_card(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    forms = [NoticeChoiceForm(user=user) for user in records]
    return [render_to_string("integrations/_notice_choice.html", {"form": form}, request) for form in forms]
