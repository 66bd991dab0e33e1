"""How people look at lists."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.http import QueryDict

from .records import TimestampedModel

if TYPE_CHECKING:
    from users.models import User


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: "User") -> Self:
        """A person's own, and what others share."""
        return self.filter(Q(user=user.pk) | Q(is_shared=True))


class SavedView(TimestampedModel):
    """A list as somebody wants to see it again: what is asked for, the order, the columns.

    The one without a name holds the columns that its user chose for the plain list.
    """

    record_kind = models.CharField(max_length=12)
    name = models.CharField(max_length=80, blank=True)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+", db_index=False)
    is_shared = models.BooleanField("shared with the team", default=False)
    query = models.TextField(blank=True, default="", help_text="As in the address of the list.")
    columns = models.JSONField(default=list, blank=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        ordering = ["name", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "record_kind", "name"],
                name="saved_view_once",
                violation_error_message="You have a view of this name already.",
            ),
        ]

    def __str__(self) -> str:
        return self.name or "As chosen last"

    @property
    def address(self) -> str:
        """What follows the list's own address."""
        query = QueryDict(self.query, mutable=True)
        query["view"] = str(self.pk)
        return f"?{query.urlencode()}"
