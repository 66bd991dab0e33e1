"""What contacts add to the directory: whom the CRM has is marked, the others can be saved, one or many."""

from collections.abc import Mapping, Sequence

from django.db.models import Model
from django.template.loader import render_to_string

from common import slots
from common.actions import Batch, Counts, register
from common.bulk import any_of
from common.bulk_actions import GONE
from common.http import Request
from common.models import Origin
from common.visibility import seen_of
from contacts.models import Contact
from contacts.prospecting import save_prospects
from directory.models import Prospect

PROSPECTS = ("prospect",)


def saved(batch: Batch) -> tuple[list[int], Counts]:
    """The contacts that the chosen people are now, as far as the user sees them, and how they came to be."""
    done = save_prospects(batch.ids)
    seen = seen_of(Contact, batch.user).filter(pk__in=any_of(set(done.contacts.values()), "bigint"))
    counts = {
        "saved": len(done.new),
        "in the CRM already": len(done.contacts) - len(done.new),
        GONE: len(batch.ids) - len(done.contacts),
    }
    return list(seen.order_by("pk").values_list("pk", flat=True)), counts


@register(
    "save",
    "Save as contacts",
    icon="user-plus",
    kinds=PROSPECTS,
    position=10,
    tells="Each becomes a contact of yours, with the account if the CRM lacks it. Whom the CRM has stays as they are.",
)
def save(batch: Batch) -> Counts:
    return saved(batch)[1]


@slots.fill("directory.badges")
def known_people(request: Request, entries: Sequence[Model]) -> list[str]:
    """A mark of whom the CRM has, with what others say of the contact; a button for whom it lacks."""
    wanted = {entry.contact_id for entry in entries if isinstance(entry, Prospect) and entry.contact_id}
    contacts = list(seen_of(Contact, request.user).filter(pk__in=wanted)) if wanted else []
    badges = dict(zip((one.pk for one in contacts), slots.render("record.badges", request, contacts), strict=True))
    known = {contact.pk: contact for contact in contacts}
    return [_mark(request, entry, known, badges) if isinstance(entry, Prospect) else "" for entry in entries]


def _mark(request: Request, entry: Prospect, contacts: Mapping[int, Contact], badges: Mapping[int, str]) -> str:
    contact = contacts.get(entry.contact_id or 0)
    context = {
        "prospect": entry,
        "contact": contact,
        "badges": badges.get(entry.contact_id or 0, ""),
        "was_saved": contact is not None and contact.origin == Origin.PROSPECTING,
    }
    return render_to_string("contacts/_prospect.html", context, request)
