"""Static lists: records of one kind that people put together by hand. The team shares them."""

from functools import reduce
from operator import or_
from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.urls import reverse

from common.folding import sort_field
from common.models import Record, RecordKind, TimestampedModel
from common.records import kind_of, record_model
from common.visibility import RecordQuerySet, seen_by

if TYPE_CHECKING:
    from users.models import User


class RecordListQuerySet(models.QuerySet["RecordList"]):
    def visible_to(self, user: "User | None") -> Self:
        """Everybody sees every list; of its records each what they see anyway."""
        return self

    def of_kind(self, kind: str) -> Self:
        return self.filter(record_kind=kind)

    def holding(self, record: Record) -> Self:
        return self.filter(**{f"members__{kind_of(record)}": record})


class RecordList(TimestampedModel):
    record_kind = models.CharField("what it holds", max_length=12, choices=RecordKind, default=RecordKind.CONTACT)
    name = models.CharField(max_length=120)
    description = models.TextField(blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+")

    sort_name = sort_field("name", 120)

    objects = RecordListQuerySet.as_manager()

    class Meta:
        verbose_name = "list"
        constraints = [
            models.UniqueConstraint(
                Lower("name"),
                "record_kind",
                name="list_name_unique",
                violation_error_message="There is a list of this name already.",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="list_has_name"),
        ]
        indexes = [models.Index(fields=["sort_name", "id"], name="list_by_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("lists:detail", args=[self.pk])

    def records(self, user: "User | None") -> RecordQuerySet[Any]:
        """Those that the user sees."""
        rows: Any = record_model(self.record_kind)._default_manager
        return rows.visible_to(user).listed().filter(memberships__list=self)

    def may_be_changed_by(self, user: "User | None") -> bool:
        """Its name and its end; what is on it is anybody's to say. None is a job."""
        return user is None or user.is_admin or (user.may_edit and self.owner_id in (user.pk, None))


class ListMemberQuerySet(models.QuerySet["ListMember"]):
    def visible_to(self, user: "User | None") -> Self:
        if user is None or user.sees_everything:
            return self
        seen = (Q(**{f"{kind}__isnull": False}) & seen_by(user, f"{kind}__") for kind in RecordKind.values)
        return self.filter(reduce(or_, seen))


# The unique constraints begin with the column: an index of its own would only slow down writing.
OF_RECORD: Any = {"related_name": "memberships", "db_index": False}


class ListMember(models.Model):
    """A record on a list. The columns stand beside each other so that merges and deletions find them."""

    list = models.ForeignKey(RecordList, models.CASCADE, related_name="members", db_index=False)
    contact = models.ForeignKey("contacts.Contact", models.CASCADE, null=True, **OF_RECORD)
    account = models.ForeignKey("accounts.Account", models.CASCADE, null=True, **OF_RECORD)
    deal = models.ForeignKey("deals.Deal", models.CASCADE, null=True, **OF_RECORD)
    added_at = models.DateTimeField(auto_now_add=True)

    objects = ListMemberQuerySet.as_manager()

    class Meta:
        verbose_name = "entry of a list"
        verbose_name_plural = "entries of lists"
        # Total, not conditional: merging two records asks them whether the one that stays is on the list already.
        constraints = [
            models.UniqueConstraint(fields=["contact", "list"], name="contact_once_on_list"),
            models.UniqueConstraint(fields=["account", "list"], name="account_once_on_list"),
            models.UniqueConstraint(fields=["deal", "list"], name="deal_once_on_list"),
            models.CheckConstraint(
                condition=Q(contact__isnull=False, account=None, deal=None)
                | Q(contact=None, account__isnull=False, deal=None)
                | Q(contact=None, account=None, deal__isnull=False),
                name="list_member_is_one_record",
            ),
        ]
        indexes = [models.Index(fields=["list", "id"], name="members_of_list")]

    def __str__(self) -> str:
        return f"{self.contact or self.account or self.deal} on {self.list}"

    @property
    def record_id(self) -> int:
        """Of whatever it is."""
        return self.contact_id or self.account_id or self.deal_id  # type: ignore[return-value]
