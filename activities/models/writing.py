"""Texts that people write again and again."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse

from common.folding import sort_field
from common.models import TimestampedModel

if TYPE_CHECKING:
    from users.models import User


class EmailTemplateQuerySet(models.QuerySet["EmailTemplate"]):
    def visible_to(self, user: "User | None") -> Self:
        """One's own, and what others share. None is a job."""
        return self if user is None else self.filter(Q(owner=user.pk) | Q(is_shared=True))


class EmailTemplate(TimestampedModel):
    """An e-mail to begin with, with placeholders for whom it goes to."""

    name = models.CharField(max_length=120)
    subject = models.CharField(max_length=255, blank=True, default="")
    body = models.TextField("text")
    is_shared = models.BooleanField(
        "shared with the team",
        default=False,
        db_default=False,
        help_text="Everybody can use it; you and admins change it.",
    )
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    sort_name = sort_field("name", 120)

    objects = EmailTemplateQuerySet.as_manager()

    class Meta:
        verbose_name = "e-mail template"
        indexes = [models.Index(fields=["sort_name", "id"], name="template_by_name")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("activities:template_edit", args=[self.pk])

    def may_be_changed_by(self, user: "User") -> bool:
        return user.may_edit and (self.owner_id == user.pk or (user.is_admin and self.is_shared))
