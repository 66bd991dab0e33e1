"""Companies that the team works with."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import models

from common.domains import check_website, registrable_domain
from common.folding import sort_field
from common.history import track_changes
from common.models import Record, record_constraints, record_indexes
from common.models import Stage as BaseStage
from common.search import search_field
from common.visibility import RecordQuerySet
from directory import marks
from directory.marks import Mark


class Stage(BaseStage):
    """Where an account stands with us."""


IN_DIRECTORY = marks.register(
    Mark(
        entry="directory.Company",
        reference="account_id",
        key="domain",
        stated="domain",
        records="accounts_account",
        columns=("domain",),
        identifiers="SELECT id, domain AS key FROM {rows} WHERE domain <> ''",
        finds="(SELECT MIN(id) FROM accounts_account WHERE domain = {key} AND domain <> '')",
    )
)


@track_changes()
class Account(Record):
    name = models.CharField(max_length=255)
    website = models.CharField(max_length=255, blank=True, default="", validators=[check_website])
    domain = models.CharField(max_length=255, blank=True, default="", editable=False, help_text="Of the website.")
    phone = models.CharField(max_length=40, blank=True, default="")
    industry = models.CharField(max_length=255, blank=True, default="")
    employees = models.BigIntegerField(null=True, blank=True)
    annual_revenue = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    street = models.TextField(blank=True, default="")
    city = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=255, blank=True, default="")
    postal_code = models.CharField(max_length=40, blank=True, default="")
    country = models.CharField(max_length=255, blank=True, default="")
    description = models.TextField(blank=True, default="")
    founded_year = models.CharField(max_length=4, blank=True, default="")
    sic = models.CharField("SIC code", max_length=20, blank=True, default="")
    ticker = models.CharField(max_length=20, blank=True, default="")
    linkedin_url = models.URLField("LinkedIn URL", blank=True, default="")
    parent = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="children")
    stage = models.ForeignKey(Stage, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)

    search = search_field("name", "domain", "city", "phone")
    sort_name = sort_field("name", 255)

    objects = RecordQuerySet["Account"].as_manager()

    DERIVED = {"domain": ("website", registrable_domain)}

    class Meta:
        triggers = IN_DIRECTORY.triggers
        constraints = [
            *record_constraints("account"),
            models.CheckConstraint(condition=~models.Q(name=""), name="account_has_name"),
        ]
        indexes = [
            *record_indexes("account"),
            models.Index(fields=["domain"], condition=~models.Q(domain=""), name="account_by_domain"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def hint(self) -> str:
        return " · ".join(filter(None, [self.domain, self.city]))

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.derive()
        if "website" in (kwargs.get("update_fields") or ()):
            kwargs["update_fields"] = {*kwargs["update_fields"], "domain"}
        super().save(*args, **kwargs)

    def check_parent(self) -> None:
        """Raises ValidationError when the account would stand above itself."""
        above, seen = self.parent, set()
        while above is not None and above.pk not in seen:
            if above.pk == self.pk:
                raise ValidationError({"parent": "An account cannot stand above itself."})
            seen.add(above.pk)
            above = above.parent
