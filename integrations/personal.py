"""What a person's own login does for them, as they are told it."""

from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Sum
from django.utils import timezone

from integrations.models import Credential, Run

DAYS = 30


@dataclass(frozen=True)
class Use:
    """Records in Salesforce that went by a login in the last ``DAYS`` days, and what waits for it now."""

    created: int
    updated: int
    deleted: int
    failed: int
    waiting: int

    @property
    def is_any(self) -> bool:
        return any((self.created, self.updated, self.deleted, self.failed, self.waiting))


def use_of(login: Credential) -> Use:
    since = timezone.now() - timedelta(days=DAYS)
    runs = Run.objects.filter(connection=login.connection, credential=login, kind=Run.Kind.PUSH, seen_at__gte=since)
    counts = runs.aggregate(**{name: Sum(name, default=0) for name in ("created", "updated", "deleted", "failed")})
    return Use(**counts, waiting=login.connection.outbox.filter(credential=login).count())
