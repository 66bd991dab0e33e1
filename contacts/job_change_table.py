"""How job changes are listed, and what is done with many of them."""

from collections.abc import Sequence
from typing import Any

import django_filters
from django.db.models import Model, QuerySet
from django.template.loader import render_to_string
from django.utils.timezone import localdate

from common import slots
from common.actions import Batch, Counts, register
from common.bulk import any_of
from common.filters import ModelChoiceFilter, PageFilter, people
from common.http import Request
from common.lines import as_html, as_text
from common.paging import Order
from common.search import FOUND
from common.tables import Cell, Column, RecordTable, plain
from common.tables import register as register_table
from contacts import job_changes
from contacts.models import Contact, JobChange

KIND = "job_change"
ANY = "any"
MOST = 100  # that the menu counts
ORDERS: dict[str, Order] = {"newest": ("-id",)}


class JobChangeFilter(PageFilter):
    """Those that nobody decided, unless others are asked for."""

    kind = KIND
    synced = None  # type: ignore[assignment]
    first = ("state", "owner")
    apart = ("q",)

    state = django_filters.ChoiceFilter(
        choices=[*JobChange.State.choices[1:], (ANY, "Any")],
        label="State",
        empty_label=JobChange.State.OPEN.label,
        method="keep_all",
    )
    owner = ModelChoiceFilter(field_name="contact__owner", queryset=people, label="Owner", empty_label="Any owner")

    class Meta:
        model = JobChange
        fields: list[str] = []

    def filter_queryset(self, queryset: QuerySet) -> Any:
        state = self.form.cleaned_data.get("state") or JobChange.State.OPEN
        return super().filter_queryset(queryset if state == ANY else queryset.filter(state=state))

    def best_found(self, words: str) -> list[int]:
        """The newest."""
        return list(self.qs.order_by("-id").values_list("pk", flat=True)[: FOUND + 1])


def _columns() -> list[Column]:
    def column(name: str, label: str, value: Any, shown: Any = as_text, order: str = "") -> Column:
        cells = (Cell(label, lambda row: plain(value(row))),)
        return Column(name, label, lambda row: shown(value(row)), cells, order)

    return [
        column("from", "From", lambda row: row.move.from_company_name),
        column("to", "To", lambda row: row.company or row.move.prospect.company_name, as_html),
        column("title", "New title", lambda row: row.move.prospect.title),
        column("email", "New e-mail", lambda row: row.move.prospect.email),
        column("owner", "Owner", lambda row: row.contact.owner),
        column("seen_at", "Noticed", lambda row: localdate(row.move.seen_at), order="newest"),
        column("state", "State", lambda row: row.get_state_display()),
        column("decided_by", "Decided by", lambda row: row.decided_by),
        column("decided_at", "Decided", lambda row: row.decided_at),
    ]


JOB_CHANGES = register_table(
    RecordTable(
        kind=KIND,
        model=JobChange,
        filters=JobChangeFilter,
        orders=ORDERS,
        sorts={"newest": "Newest first"},
        chosen=("from", "to", "title", "seen_at"),
        columns=_columns,
        related=("contact__owner", "contact__account", "move__prospect__company", "new_contact", "decided_by"),
        under_name=lambda row: row.contact.hint,
        named=(Cell("Contact", lambda row: str(row.contact)),),
        badges="job_change.badges",
        list_name="job_changes",
    )
)


def waiting(request: Request) -> int:
    """How many the user has to decide; no more than a hundred are counted."""
    return JobChange.objects.visible_to(request.user).to_decide()[:MOST].count()


@register(
    "new_contact",
    "New contact",
    icon="user-plus",
    kinds=(KIND,),
    position=10,
    tells="Each becomes a new contact of yours at the new company, with the account if the CRM lacks it. The contact "
    "at the former company stays as it is.",
)
def make_contacts(batch: Batch) -> Counts:
    return job_changes.make_contacts(batch.ids)


@register(
    "update_contact",
    "Update here",
    icon="user-edit",
    kinds=(KIND,),
    position=20,
    tells="Each contact moves to the account of the new company, which is made if the CRM lacks it, and takes over "
    "what the directory says: title, e-mail address, phones, place. The former address stays known as another one.",
)
def update_contacts(batch: Batch) -> Counts:
    return job_changes.update_contacts(batch.ids)


@register(
    "dismiss",
    "Dismiss",
    icon="x",
    kinds=(KIND,),
    position=30,
    tells="Nothing is changed. They are not shown again, unless the directory tells of another change.",
)
def dismiss(batch: Batch) -> Counts:
    return job_changes.dismiss(batch.ids)


@slots.fill("job_change.badges")
def decisions(request: Request, records: Sequence[Model]) -> list[str]:
    return [render_to_string("contacts/_job_change.html", {"change": change}, request) for change in records]


@slots.fill("record.badges")
def flags(request: Request, records: Sequence[Model]) -> list[str]:
    """Contacts with a job change that is to be decided."""
    look_up([record for record in records if isinstance(record, Contact)])
    badge = "contacts/_job_change_badge.html"
    return [
        render_to_string(badge, request=request) if isinstance(record, Contact) and record.open_job_change else ""
        for record in records
    ]


@slots.fill("record.panels")
def cards(request: Request, records: Sequence[Model]) -> list[str]:
    look_up([record for record in records if isinstance(record, Contact)])
    return [_card(request, record) if isinstance(record, Contact) else "" for record in records]


def look_up(contacts: Sequence[Contact]) -> None:
    """Set what is to be decided of contacts, unless the page has asked before: the newest of each."""
    wanted = {contact.pk: contact for contact in contacts if not hasattr(contact, "open_job_change")}
    if not wanted:
        return
    rows = JobChange.objects.to_decide().filter(contact__in=any_of(wanted, "bigint"))
    changes = {one.contact_id: one for one in rows.order_by("id")}
    for pk, contact in wanted.items():
        contact.open_job_change = changes.get(pk)


def _card(request: Request, contact: Contact) -> str:
    if not (change := contact.open_job_change):
        return ""
    change.contact = contact
    return render_to_string("contacts/_job_change_card.html", {"change": change}, request)
