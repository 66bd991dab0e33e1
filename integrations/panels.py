"""What the sync says in other apps' pages: badges in lists, a card on a record, the timeline, the home page."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from django.template.loader import render_to_string

from common import slots, timeline
from common.models import Record
from integrations import inbox, services
from integrations.forms.notices import NoticeChoiceForm
from integrations.logins import the_connection
from integrations.models import Connection, ErrorEntry, NoticeCopy, RecordLink, SyncEvent
from integrations.ownership import push_preview, remote_owners
from integrations.remedies import remedy
from integrations.sync.records import RECORD_TYPES, kind_of

SHOWN_NAMES = 3
ICONS = {
    SyncEvent.Kind.PUSHED: "cloud-up",
    SyncEvent.Kind.CREATED: "cloud-plus",
    SyncEvent.Kind.PULLED: "cloud-down",
    SyncEvent.Kind.IMPORTED: "cloud-down",
    SyncEvent.Kind.LINKED: "link",
    SyncEvent.Kind.RELINKED: "link",
    SyncEvent.Kind.UNLINKED: "unlink",
    SyncEvent.Kind.CONFLICT: "arrows-split-2",
    SyncEvent.Kind.REFUSED: "cloud-x",
}


def waiting_for_people() -> int:
    return inbox.counts().total


@slots.fill("record.badges")
def sync_badges(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    if not the_connection().org_id or kind_of(records[0]) is None:
        return ["" for _ in records]
    states = services.sync_states(records)
    return [
        render_to_string("integrations/_badge.html", {"state": states.get(record.pk)}, request) for record in records
    ]


@slots.fill("record.panels")
def sync_cards(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    return [sync_card(request, record) if kind_of(record) else "" for record in records]


def sync_card(request: HttpRequest, record: Record, refused: str = "") -> str:
    """State, link and last exchange of one record. It asks for itself again only while the record waits."""
    connection, kind = the_connection(), kind_of(record)
    if not connection.org_id or kind is None:
        return ""
    links = RecordLink.objects.live().of(kind, [record.pk]).select_related("credential")
    state = services.sync_states([record]).get(record.pk)
    context = {
        "record": record,
        "kind": kind,
        "connection": connection,
        "state": state,
        "remedy": remedy(state, kind, request.user) if state else None,  # type: ignore[arg-type]
        "link": links.first(),
        "remote_owner": remote_owners([record]).get(record.pk, ""),
        "preview": push_preview(record, request.user),  # type: ignore[arg-type]
        "error": ErrorEntry.objects.open().of(kind, [record.pk]).first(),
        "refusal": services.push_refusal(record),
        "refused": refused,
    }
    return render_to_string("integrations/_panel.html", context, request)


@slots.fill("home.panels")
def home_card(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    connection = the_connection()
    context = {
        "connection": connection,
        "phase": connection.phase,
        "phases": Connection.Phase,
        "open_errors": ErrorEntry.objects.open().count(),
        "waiting": connection.outbox.count(),
    }
    return [render_to_string("integrations/_home.html", context, request) for _ in records]


@slots.fill("menu.foot")
def bell(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    """How many notices a person has not seen."""
    counts = [NoticeCopy.objects.unseen_by(user.pk).count() for user in records]
    return [render_to_string("integrations/_bell.html", {"count": count}, request) for count in counts]


@slots.fill("you.panels")
def notice_card(request: HttpRequest, records: Sequence[Any]) -> list[str]:
    forms = [NoticeChoiceForm(user=user) for user in records]
    return [render_to_string("integrations/_notice_choice.html", {"form": form}, request) for form in forms]


@timeline.source
def sync_events(record: Model, until: datetime | None, limit: int) -> Iterable[timeline.Entry]:
    kind = kind_of(record)
    if kind is None:
        return []
    events = SyncEvent.objects.filter(record_kind=kind, record_id=record.pk).select_related("actor", "credential")
    if until:
        events = events.filter(at__lte=until)
    newest = list(events.order_by("-at", "-id")[:limit])
    labels = {name: field.label for name, field in RECORD_TYPES[kind].fields.items()} if newest else {}
    return [_entry(event, labels) for event in newest]


def _entry(event: SyncEvent, labels: dict[str, str]) -> timeline.Entry:
    login = f"As {event.credential} ({event.credential_reason})." if event.credential else ""
    names = [labels.get(name, name) for name in event.changes]
    more = f" and {len(names) - SHOWN_NAMES} more" if len(names) > SHOWN_NAMES else ""
    what = ", ".join(names[:SHOWN_NAMES]) + more
    return timeline.Entry(
        at=event.at,
        icon=ICONS.get(event.kind, "cloud"),  # type: ignore[call-overload]
        title=f"{event.get_kind_display()}: {what}" if what else event.get_kind_display(),
        detail=" ".join(part for part in (event.summary, login) if part),
        who=str(event.actor) if event.actor else "",
        changes=[
            timeline.Change(labels.get(name, name), _text(pair[0]), _text(pair[1]))
            for name, pair in event.changes.items()
            if isinstance(pair, list) and len(pair) == 2  # noqa: PLR2004 - before and after
        ],
    )


def _text(value: Any) -> str:
    return "" if value is None else {True: "Yes", False: "No"}.get(value, str(value))
