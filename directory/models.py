"""People and companies that the team might talk to; not contacts until saved.

They come from a data source (``source``), which names each by a ``key`` of its own. ``contact_id`` and ``account_id``
are whom the CRM has for them: plain numbers, for the directory knows nothing of contacts and accounts, which keep them.
"""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from django.db.models.functions import Concat, Lower, Upper
from django.urls import reverse

from common.folding import sort_field
from common.models import TimestampedModel
from common.search import matching, search_field

if TYPE_CHECKING:
    from users.models import User

LOADED = "loaded"  # the source of what an admin loads from files


class EntryQuerySet(models.QuerySet):
    """``in_crm``: the name of the column that says whom the CRM has."""

    in_crm = ""

    def visible_to(self, user: "User | None") -> Self:
        """The team shares its directory."""
        return self

    def matching(self, text: str) -> Self:
        return self.filter(matching(text))

    def net_new(self) -> Self:
        return self.filter(**{self.in_crm: None})

    def known(self) -> Self:
        return self.exclude(**{self.in_crm: None})


class CompanyQuerySet(EntryQuerySet):
    in_crm = "account_id"


class ProspectQuerySet(EntryQuerySet):
    in_crm = "contact_id"


class Entry(TimestampedModel):
    """What people and companies of the directory share."""

    source = models.CharField(max_length=40, default=LOADED, db_default=LOADED)
    key = models.CharField(max_length=255, help_text="What the data source calls it.")
    phone = models.CharField(max_length=40, blank=True, default="")
    linkedin_url = models.URLField("LinkedIn URL", blank=True, default="")
    city = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=255, blank=True, default="")
    country = models.CharField(max_length=255, blank=True, default="")

    class Meta:
        abstract = True


class Company(Entry):
    name = models.CharField(max_length=255)
    domain = models.CharField(max_length=255, blank=True, default="", help_text="As it is registered: acme.example.")
    industry = models.CharField(max_length=255, blank=True, default="")
    employees = models.BigIntegerField(null=True, blank=True)
    annual_revenue = models.DecimalField(max_digits=18, decimal_places=2, null=True, blank=True)
    founded_year = models.CharField(max_length=4, blank=True, default="")
    street = models.TextField(blank=True, default="")
    postal_code = models.CharField(max_length=40, blank=True, default="")
    description = models.TextField(blank=True, default="")
    sic = models.CharField("SIC code", max_length=20, blank=True, default="")
    ticker = models.CharField(max_length=20, blank=True, default="")
    account_id = models.BigIntegerField("in the CRM", null=True, blank=True, editable=False)

    search = search_field("name", "domain", "industry", "city")
    sort_name = sort_field("name", 255)

    objects = CompanyQuerySet.as_manager()

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="company_key_unique"),
            models.CheckConstraint(condition=~Q(name=""), name="company_has_name"),
        ]
        indexes = [
            models.Index(fields=["sort_name", "id"], name="company_by_name"),
            models.Index(fields=["domain", "id"], condition=~Q(domain=""), name="company_by_domain"),
            models.Index(fields=["industry", "sort_name", "id"], name="company_by_industry"),
            models.Index(fields=["country", "sort_name", "id"], name="company_by_country"),
            models.Index(fields=["employees", "id"], name="company_by_size"),
            models.Index(fields=["account_id"], condition=Q(account_id__isnull=False), name="company_in_crm"),
            GinIndex(fields=["search"], name="company_search"),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("directory:company", args=[self.pk])


class Prospect(Entry):
    class EmailStatus(models.TextChoices):
        UNKNOWN = "", "—"
        VERIFIED = "verified", "Verified"
        UNVERIFIED = "unverified", "Unverified"

    first_name = models.CharField(max_length=255, blank=True, default="")
    last_name = models.CharField(max_length=255)
    title = models.CharField(max_length=255, blank=True, default="")
    seniority = models.CharField(max_length=255, blank=True, default="")
    department = models.CharField(max_length=255, blank=True, default="")
    headline = models.CharField(max_length=255, blank=True, default="")
    email = models.EmailField("e-mail", blank=True, default="")
    email_status = models.CharField(max_length=12, choices=EmailStatus, blank=True, default="")
    mobile_phone = models.CharField(max_length=40, blank=True, default="")
    time_zone = models.CharField(max_length=64, blank=True, default="")
    company = models.ForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="people", db_index=False)
    company_name = models.CharField(max_length=255, blank=True, default="", help_text="Also of the company named.")
    contact_id = models.BigIntegerField("in the CRM", null=True, blank=True, editable=False)

    email_key = models.GeneratedField(
        expression=Lower("email"), output_field=models.CharField(max_length=254), db_persist=True
    )
    search = search_field("first_name", "last_name", "email", "company_name", "title")
    sort_name = sort_field(Concat("last_name", models.Value(" "), "first_name"), 511)

    objects = ProspectQuerySet.as_manager()

    class Meta:
        verbose_name = "person"
        verbose_name_plural = "people"
        constraints = [
            models.UniqueConstraint(fields=["source", "key"], name="prospect_key_unique"),
            models.CheckConstraint(condition=~Q(last_name=""), name="prospect_has_last_name"),
        ]
        indexes = [
            models.Index(fields=["sort_name", "id"], name="prospect_by_name"),
            models.Index(fields=["company", "sort_name", "id"], name="prospect_by_company"),
            models.Index(fields=["email_key"], condition=~Q(email=""), name="prospect_by_email"),
            models.Index(fields=["seniority", "sort_name", "id"], name="prospect_by_seniority"),
            models.Index(fields=["department", "sort_name", "id"], name="prospect_by_department"),
            models.Index(fields=["country", "sort_name", "id"], name="prospect_by_country"),
            models.Index(fields=["email_status", "sort_name", "id"], name="prospect_by_email_status"),
            models.Index(fields=["email_status", "id"], condition=Q(email=""), name="prospect_without_email"),
            models.Index(Upper("city"), "sort_name", "id", name="prospect_by_city"),
            models.Index(fields=["contact_id"], condition=Q(contact_id__isnull=False), name="prospect_in_crm"),
            GinIndex(fields=["search"], name="prospect_search"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def get_absolute_url(self) -> str:
        return reverse("directory:person", args=[self.pk])


class Move(models.Model):
    """Somebody who went to another company, as the data source told when it was loaded again."""

    prospect = models.ForeignKey(Prospect, models.CASCADE, related_name="moves", db_index=False)
    from_company = models.ForeignKey(Company, models.SET_NULL, null=True, blank=True, related_name="+")
    from_company_name = models.CharField(max_length=255, blank=True, default="")
    from_title = models.CharField(max_length=255, blank=True, default="")
    from_email = models.EmailField(blank=True, default="")
    seen_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        indexes = [
            models.Index(fields=["prospect", "-id"], name="moves_of_prospect"),
            models.Index(fields=["-id"], name="moves_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.prospect} from {self.from_company_name}"


class Load(models.Model):
    """A file that an admin loaded: who, when, and what came of it. Its job is kept for some months only."""

    class Kind(models.TextChoices):
        PEOPLE = "people", "People"
        COMPANIES = "companies", "Companies"

    kind = models.CharField(max_length=9, choices=Kind)
    source = models.CharField(max_length=40)
    file = models.CharField(max_length=120)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", db_index=False)
    job = models.OneToOneField("common.Job", models.SET_NULL, null=True, related_name="+")
    began_at = models.DateTimeField(auto_now_add=True)
    counts = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["source", "-id"], name="loads_of_source")]

    def __str__(self) -> str:
        return f"{self.file} into {self.source}"

    @property
    def outcome(self) -> list[tuple[str, int]]:
        """The counts, what is most first: JSON of PostgreSQL has no order."""
        return sorted(self.counts.items(), key=lambda item: -item[1])
