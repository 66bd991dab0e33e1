"""The card that sequences add to a contact's page."""

from collections.abc import Sequence
from typing import Any

from django.db.models import Model
from django.template.loader import render_to_string

from activities.models import Enrolment
from activities.optouts import call_refusal, email_refusal
from activities.sequences.forms import ChooseSequenceForm
from common import slots
from common.http import Request
from contacts.models import Contact

SHOWN = 20


@slots.fill("record.related")
def sequence_cards(request: Request, records: Sequence[Model]) -> list[str]:
    return [
        render_to_string("sequences/_card.html", card_context(request, record), request)
        if isinstance(record, Contact)
        else ""
        for record in records
    ]


def card_context(request: Request, contact: Contact) -> dict[str, Any]:
    rows = Enrolment.objects.filter(contact=contact).select_related("sequence", "next_step", "owner", "contact")
    refusals = [reason for reason in (email_refusal(contact), call_refusal(contact)) if reason]
    return {
        "contact": contact,
        "enrolments": rows.order_by("state", "-id")[:SHOWN],
        "refusals": dict.fromkeys(refusals),
        "form": ChooseSequenceForm(),
    }
