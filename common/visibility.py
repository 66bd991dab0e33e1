"""Who sees what. Pulled records may be kept to their owners and the admins; hidden ones are in no list of anybody.

A record that others own is not there for a member: no page, list, search or request tells of it. What a visible record
points at is told by its name, as Salesforce does.
"""

from typing import TYPE_CHECKING, Any, Self, TypeVar

from django.db import models
from django.db.models import Q

from common.models import DeletedRecord, Origin, Record
from common.paging import Count, honest_count
from common.search import matching
from common.workspace import change_workspace

if TYPE_CHECKING:
    from users.models import User

AnyRecord = TypeVar("AnyRecord", bound=models.Model)


def seen_by(user: "User", through: str = "") -> Q:
    """What a user sees of records that are kept to their owners; ``through``: the path to the record, "contact__"."""
    return ~Q(**{f"{through}origin": Origin.CRM_PULL}) | Q(**{f"{through}owner": user.pk})


class RecordQuerySet(models.QuerySet[AnyRecord]):
    """Questions to records of every kind."""

    def matching(self, text: str) -> Self:
        return self.filter(matching(text))

    def listed(self) -> Self:
        """Without those that only count for de-duplication."""
        return self.filter(is_hidden=False)

    def visible_to(self, user: "User | None", *, also: int | None = None) -> Self:
        """What a user may see and change; None is a job, which sees all. ``also``: the id of one chosen before."""
        if user is None or user.sees_everything:
            return self
        return self.filter(seen_by(user) | Q(pk=also) if also else seen_by(user))


def count_seen(rows: models.QuerySet, user: "User | None") -> Count:
    """How many of these rows, which a user sees, there are.

    Where some are kept to their owners, what was made here and what is the user's own is counted by an index for each.
    """
    if user is None or user.sees_everything or not issubclass(rows.model, Record):
        return honest_count(rows)
    return honest_count(rows, [~Q(origin=Origin.CRM_PULL), Q(origin=Origin.CRM_PULL, owner=user.pk)])


def seen_of(model: type[AnyRecord], user: "User | None") -> RecordQuerySet[AnyRecord]:
    """The records of any kind that a user may see and change."""
    rows: Any = model._default_manager
    return rows.visible_to(user)


def visible_deleted(user: "User | None") -> models.QuerySet[DeletedRecord]:
    """The deleted records that a user saw while they were there."""
    rows = DeletedRecord.objects.all()
    if user is None or user.sees_everything:
        return rows
    return rows.filter(~Q(values__origin=Origin.CRM_PULL) | Q(values__owner_id=user.pk))


def let_see_pulled(who: str) -> None:
    """Choose who sees pulled records, from the next request on. Raises ValidationError."""
    change_workspace(pulled_seen_by=who)
