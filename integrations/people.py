"""Which Salesforce user is which person here: the gaps, and pairs set by hand."""

from collections.abc import Mapping
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q, QuerySet

from integrations.connecting import match_users
from integrations.models import Connection, UserMapping
from users.models import User

QUEUE = Q(remote_id__startswith="00G")
# What the list can be narrowed to, and what each means.
SHOWN: dict[str, tuple[str, Q]] = {
    "unmatched": ("Nobody here", Q(user=None, is_active=True) & ~QUEUE),
    "inactive": ("Inactive, but somebody's", Q(is_active=False, user__is_active=True)),
    "left": ("Whose person left here", Q(user__is_active=False)),
    "by_hand": ("Set by hand", Q(is_by_hand=True)),
    "queues": ("Queues", QUEUE),
}


@dataclass(frozen=True)
class Gaps:
    """``without``: people here whom no user of the org is. ``counts``: rows by what they can be narrowed to."""

    without: QuerySet[User]
    counts: Mapping[str, int]


def gaps(connection: Connection) -> Gaps:
    paired = connection.user_mappings.exclude(user=None).values("user")
    without = User.objects.filter(is_active=True).exclude(pk__in=paired)
    counts = {name: connection.user_mappings.filter(query).count() for name, (_, query) in SHOWN.items()}
    return Gaps(without, counts)


def found(connection: Connection, *, shown: str = "", text: str = "") -> QuerySet[UserMapping]:
    rows = connection.user_mappings.select_related("user")
    if shown in SHOWN:
        rows = rows.filter(SHOWN[shown][1])
    if text:
        words = Q(name__icontains=text) | Q(email__icontains=text) | Q(remote_id=text)
        rows = rows.filter(words | Q(user__name__icontains=text) | Q(user__email__icontains=text))
    return rows


@transaction.atomic
def pair_by_hand(connection: Connection, pairs: Mapping[int, User | None]) -> int:
    """Say who is who; None: nobody here. It stays, whatever the addresses say. Answers how many changed."""
    rows = connection.user_mappings.select_for_update().filter(pk__in=pairs).order_by("pk")
    changed = [row for row in rows if row.user_id != getattr(pairs[row.pk], "pk", None)]
    for row in changed:
        row.user, row.is_by_hand = pairs[row.pk], True
    UserMapping.objects.bulk_update(changed, ["user", "is_by_hand"])
    return len(changed)


@transaction.atomic
def match_again(connection: Connection, pk: int = 0) -> int:
    """Let e-mail addresses decide again: of one row that was set by hand, else wherever nobody is. How many are new."""
    if pk:
        connection.user_mappings.filter(pk=pk, is_by_hand=True).update(user=None, is_by_hand=False)
    before = connection.user_mappings.exclude(user=None).count()
    match_users(connection)
    return connection.user_mappings.exclude(user=None).count() - before
