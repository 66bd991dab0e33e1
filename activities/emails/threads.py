"""The e-mails of one conversation, and the text of one as it was sent."""

from dataclasses import dataclass

from csp.constants import NONE, SELF, UNSAFE_INLINE
from csp.decorators import csp_replace
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.clickjacking import xframe_options_sameorigin

from activities.models import Activity, Participant
from activities.people import with_people
from common.http import Request
from common.words import few
from users.models import User

SHOWN = 100
Role = Participant.Role


@dataclass(frozen=True)
class Letter:
    """One of a conversation: the activity, who wrote it and to whom."""

    email: Activity
    senders: str
    receivers: str


def thread_of(activity: Activity, user: User) -> list[Letter]:
    """What the user sees of the conversation that an e-mail belongs to, the oldest first; [] for all else."""
    if activity.kind != Activity.Kind.EMAIL:
        return []
    if not hasattr(activity, "message"):
        return _letters([activity])
    emails = Activity.objects.visible_to(user).filter(message__thread=activity.message.thread)
    found = list(emails.select_related("message", "owner", "contact").order_by("-happened_at", "-id")[:SHOWN])
    return _letters(sorted({activity, *found}, key=lambda one: (one.happened_at, one.pk)))


def _letters(emails: list[Activity]) -> list[Letter]:
    with_people(emails)
    return [
        Letter(one, _named(one, Role.FROM), _named(one, Role.TO, Role.CC) or str(one.contact or "")) for one in emails
    ]


def _named(email: Activity, *roles: str) -> str:
    return few([str(row) for row in email.participants.all() if row.role in roles and str(row)])


# Nothing is loaded from anywhere, and nothing runs, whatever was overlooked when the text was cleaned.
@csp_replace(  # type: ignore[arg-type]
    {
        "default-src": [NONE],
        "script-src": [NONE],
        "style-src": [UNSAFE_INLINE],
        "img-src": ["data:"],
        "frame-ancestors": [SELF],
    }
)
@login_required
@xframe_options_sameorigin
def email_html(request: Request, pk: int) -> HttpResponse:
    """For the frame on an e-mail's page."""
    emails = Activity.objects.visible_to(request.user).select_related("message").exclude(message__html="")
    email = get_object_or_404(emails, pk=pk, message__isnull=False)
    return render(request, "activities/email.html", {"html": email.message.html})
