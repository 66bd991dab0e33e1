"""Reading a mailbox as its worker does."""

from django.utils import timezone

from activities.mail import reading
from activities.models import Activity, Mailbox


def read(mailbox: Mailbox) -> None:
    Mailbox.objects.update(due_at=timezone.now())
    reading.read(mailbox.pk)
    mailbox.refresh_from_db()


def subjects() -> list[str]:
    return sorted(Activity.objects.values_list("subject", flat=True))
