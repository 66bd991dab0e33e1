"""People that the team works with."""

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models.functions import Concat, Lower

from common.bulk import array_of, is_any_of
from common.folding import sort_field
from common.history import track_changes
from common.models import Record, TimestampedModel, list_index, record_constraints, record_indexes
from common.models import Stage as BaseStage
from common.search import search_field
from common.visibility import RecordQuerySet, seen_by
from directory import marks
from directory.marks import Mark
from directory.models import Company, Move

if TYPE_CHECKING:
    from users.models import User


class Stage(BaseStage):
    """How far the conversation with a person got."""

    no_contact = models.BooleanField(
        "do not contact",
        default=False,
        db_default=False,
        help_text="Whoever is at this stage gets no e-mails and is not called.",
    )


class ContactQuerySet(RecordQuerySet["Contact"]):
    def having_email(self, addresses: list[str]) -> Self:
        """Whose address, main or secondary, is one of these (lower case)."""
        # Two indexes are put together for conditions only: by a list in a subquery everybody would be read.
        is_main = models.Q(is_any_of("email_key", addresses, "varchar")) & ~models.Q(email="")
        is_other = models.Q(other_emails__overlap=array_of(addresses)) & ~models.Q(other_emails=[])
        return self.filter(is_main | is_other)


IN_DIRECTORY = marks.register(
    Mark(
        entry="directory.Prospect",
        reference="contact_id",
        key="email_key",
        stated="email",
        records="contacts_contact",
        columns=("email_key", "other_emails"),
        identifiers="""SELECT id, email_key AS key FROM {rows} WHERE email <> ''
            UNION ALL SELECT id, UNNEST(other_emails) FROM {rows} WHERE other_emails <> ARRAY[]::varchar[]""",
        finds="""COALESCE(
            (SELECT id FROM contacts_contact WHERE email_key = {key} AND email <> '' LIMIT 1),
            (SELECT id FROM contacts_contact WHERE other_emails @> ARRAY[{key}]::varchar(254)[]
                AND NOT other_emails = ARRAY[]::varchar(254)[] LIMIT 1))""",
    )
)


@track_changes("email_key")
class Contact(Record):
    class EmailStatus(models.TextChoices):
        """Only the directory, an enrichment or a bounce makes an address unverified; a typed one is not."""

        UNKNOWN = "", "—"
        VERIFIED = "verified", "Verified"
        UNVERIFIED = "unverified", "Unverified"

    class CrmObject(models.TextChoices):
        """What the person is in the CRM beside ours."""

        NONE = "", "—"
        LEAD = "Lead", "Lead"
        CONTACT = "Contact", "Contact"

    first_name = models.CharField(max_length=255, blank=True, default="")
    last_name = models.CharField(max_length=255)
    email = models.EmailField("e-mail", blank=True, default="")
    email_status = models.CharField(max_length=12, choices=EmailStatus, blank=True, default="")
    other_emails = ArrayField(
        models.EmailField(), default=list, blank=True, help_text="Secondary addresses, lower case."
    )
    title = models.CharField(max_length=255, blank=True, default="")
    company_name = models.CharField(max_length=255, blank=True, default="")
    account = models.ForeignKey(
        "accounts.Account", models.SET_NULL, null=True, blank=True, related_name="contacts", db_index=False
    )
    phone = models.CharField(max_length=40, blank=True, default="")
    mobile_phone = models.CharField(max_length=40, blank=True, default="")
    home_phone = models.CharField(max_length=40, blank=True, default="")
    other_phone = models.CharField(max_length=40, blank=True, default="")
    street = models.TextField(blank=True, default="")
    city = models.CharField(max_length=255, blank=True, default="")
    state = models.CharField(max_length=255, blank=True, default="")
    postal_code = models.CharField(max_length=40, blank=True, default="")
    country = models.CharField(max_length=255, blank=True, default="")
    linkedin_url = models.URLField("LinkedIn URL", blank=True, default="")
    seniority = models.CharField(max_length=255, blank=True, default="")
    department = models.CharField(max_length=255, blank=True, default="")
    headline = models.CharField(max_length=255, blank=True, default="")
    time_zone = models.CharField(max_length=64, blank=True, default="")
    no_email = models.BooleanField("no e-mail", default=False, db_default=False)
    do_not_call = models.BooleanField(default=False, db_default=False)
    stage = models.ForeignKey(Stage, models.PROTECT, null=True, blank=True, related_name="+", db_index=False)
    crm_object = models.CharField(
        "CRM object", max_length=12, choices=CrmObject, blank=True, default="", db_default="", editable=False
    )

    email_key = models.GeneratedField(
        expression=Lower("email"), output_field=models.CharField(max_length=254), db_persist=True
    )
    search = search_field("first_name", "last_name", "email", "company_name", "title")
    sort_name = sort_field(Concat("last_name", models.Value(" "), "first_name"), 511)

    objects = ContactQuerySet.as_manager()

    open_job_change: "JobChange | None"  # set by who shows it (job_change_table.py)

    HINT_NEEDS = ("account",)

    class Meta:
        triggers = IN_DIRECTORY.triggers
        constraints = [
            *record_constraints("contact"),
            models.CheckConstraint(condition=~models.Q(last_name=""), name="contact_has_last_name"),
        ]
        indexes = [
            *record_indexes("contact"),
            list_index("account", "sort_name", "id", name="contact_by_account"),
            models.Index(
                "sort_name",
                models.Func("email_key", models.Value("@"), models.Value(2), function="split_part"),
                condition=~models.Q(email=""),
                name="contact_by_name_and_host",
            ),
            models.Index(fields=["email_key"], condition=~models.Q(email=""), name="contact_by_email"),
            list_index("sort_name", "id", name="contact_without_email", condition=models.Q(email="")),
            GinIndex(fields=["other_emails"], condition=~models.Q(other_emails=[]), name="contact_by_other_email"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    @property
    def hint(self) -> str:
        company = self.account.name if self.account else self.company_name
        return " · ".join(filter(None, [self.title, company]))

    def keep_address(self, address: str) -> None:
        """Know an address, beside the main one, that was the main one before."""
        others = dict.fromkeys([*self.other_emails, address.lower()])
        self.other_emails = [one for one in others if one and one != self.email.lower()]


class JobChangeQuerySet(models.QuerySet["JobChange"]):
    def visible_to(self, user: "User | None") -> Self:
        """Those of the contacts that a user sees."""
        return self if user is None or user.sees_everything else self.filter(seen_by(user, "contact__"))

    def to_decide(self) -> Self:
        return self.filter(state=JobChange.State.OPEN)

    def matching(self, text: str) -> Self:
        return self.filter(contact__in=Contact.objects.matching(text).values("pk")) if text else self


class JobChange(TimestampedModel):
    """A contact who, as the directory tells, went to another company, and what somebody made of it."""

    class State(models.TextChoices):
        OPEN = "open", "To decide"
        NEW = "new", "New contact"
        UPDATED = "updated", "Updated"
        DISMISSED = "dismissed", "Dismissed"

    contact = models.ForeignKey(Contact, models.CASCADE, related_name="job_changes", db_index=False)
    move = models.ForeignKey(Move, models.CASCADE, related_name="+")
    state = models.CharField(max_length=10, choices=State, default=State.OPEN)
    new_contact = models.ForeignKey(Contact, models.SET_NULL, null=True, blank=True, related_name="+")
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", db_index=False
    )
    decided_at = models.DateTimeField(null=True, blank=True)

    objects = JobChangeQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["contact", "move"], name="job_change_once")]
        indexes = [models.Index(fields=["state", "-id"], name="job_changes_by_state")]

    def __str__(self) -> str:
        return str(self.contact)

    @property
    def company(self) -> Company | None:
        """Where they are now."""
        return self.move.prospect.company

    def get_absolute_url(self) -> str:
        return self.contact.get_absolute_url()
