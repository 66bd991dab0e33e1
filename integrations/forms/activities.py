"""Which activities are pushed, what they are called there, and when their settings have no effect."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django import forms
from django.forms import BoundField
from django.forms.utils import ErrorDict
from django.urls import reverse

from activities.models import Activity
from activities.placeholders import problem
from common.models import RecordKind
from integrations.activity_rules.titles import TEMPLATES, placeholders
from integrations.models import ActivitySettings, Connection, ObjectSettings
from integrations.models.activities import EMAILS, MAKE_PEOPLE, PUSHES, SWITCHES, TITLES

Kind = Activity.Kind


@dataclass(frozen=True)
class Setting:
    """One input as the page shows it. ``reason``: why it has no effect; ``warning``: what its being on leads to."""

    field: BoundField
    reason: str = ""
    warning: str = ""

    @property
    def is_title(self) -> bool:
        return self.field.name in TITLES

    @property
    def is_counted(self) -> bool:
        return self.field.name in (*PUSHES, *MAKE_PEOPLE)

    @property
    def kind(self) -> str:
        """The kind of activity of which it is the title."""
        return next(kind for kind, name in TEMPLATES.items() if name == self.field.name)

    @property
    def preview_url(self) -> str:
        return reverse("integrations:activity_title", args=[self.kind])

    @property
    def preview_target(self) -> str:
        return f"#title-{self.field.name}"

    @property
    def placeholders(self) -> dict[str, str]:
        return placeholders(self.kind)


@dataclass(frozen=True)
class Group:
    """A card of the page."""

    anchor: str
    title: str
    says: str
    settings: list[Setting]

    @property
    def short(self) -> str:
        return self.title.replace("conversation ", "")


@dataclass(frozen=True)
class Sync:
    """What activities depend on: which records go to Salesforce, and as what."""

    pushes_contacts: bool
    pushes_accounts: bool
    syncs_deals: bool
    pushes_deals: bool
    new_people: str

    @classmethod
    def of(cls, connection: Connection) -> "Sync":
        rows: dict[str, ObjectSettings] = {row.record_kind: row for row in connection.object_settings.all()}
        contacts, accounts, deals = (
            rows.get(kind) for kind in (RecordKind.CONTACT, RecordKind.ACCOUNT, RecordKind.DEAL)
        )
        return cls(
            pushes_contacts=bool(contacts and contacts.creates),
            pushes_accounts=bool(accounts and accounts.creates),
            syncs_deals=bool(deals and deals.sync != ObjectSettings.Sync.OFF),
            pushes_deals=bool(deals and deals.pushes),
            new_people="leads" if contacts and contacts.create_as == "Lead" else "contacts",
        )

    @property
    def is_off(self) -> bool:
        """Nothing new gets to Salesforce that an activity could be attached to."""
        return not (self.pushes_contacts or self.pushes_accounts or self.syncs_deals)


class ActivitySettingsForm(forms.ModelForm):
    """Each input carries the value that it was shown with: what others saved meanwhile stays as they saved it."""

    pull_every = forms.IntegerField(label="Minutes between pulls of tasks", min_value=1, max_value=24 * 60)

    class Meta:
        model = ActivitySettings
        fields = (*SWITCHES, "pull_every", *TITLES)

    def __init__(self, *args: Any, sync: Sync, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sync = sync
        for name, field in self.fields.items():
            field.label, field.help_text = LABELS.get(name) or str(field.label), HINTS.get(name, "")
            field.show_hidden_initial = True
            if name in SWITCHES:
                field.widget.attrs["data-driver"] = ""

    def as_draft(self) -> "ActivitySettingsForm":
        """What is chosen and not saved yet: nothing of it is wrong before it is sent."""
        self._errors = ErrorDict()
        return self

    @property
    def groups(self) -> list[Group]:
        why, what = dict(self._reasons()), dict(self._warnings())
        return [
            Group(anchor, title, says, [Setting(self[name], why.get(name, ""), what.get(name, "")) for name in names])
            for anchor, title, says, names in GROUPS
        ]

    @property
    def will_fail(self) -> bool:
        """Something is pushed while nothing is there that it could be attached to."""
        return self.sync.is_off and any(self._is_on(name) for name in PUSHES)

    def _is_on(self, name: str) -> bool:
        return str(self[name].value()) in ("True", "on")

    def _reasons(self) -> Iterator[tuple[str, str]]:
        if not any(self._is_on(name) for name in EMAILS):
            yield "push_unknown_people", "No effect while no e-mails are pushed."
            yield "email_title", "No effect while no e-mails are pushed."
        elif not self.sync.pushes_contacts:
            yield "push_unknown_people", NOBODY_NEW
        for switch, title, what in PARTNERS:
            if not self._is_on(switch):
                yield title, f"No effect while {what} are not pushed."
        if not self._is_on("push_meetings"):
            yield "push_all_calendar_events", "No effect while meetings are not pushed."
        elif not self.sync.pushes_contacts:
            yield "push_all_calendar_events", NOBODY_NEW
        if not self._is_on("pull_tasks"):
            yield "pull_every", "No effect while tasks are not pulled."
        if not self.sync.pushes_deals:
            yield "push_conversations", "No effect while deals are not pushed: turn that on under “Deals”."

    def _warnings(self) -> Iterator[tuple[str, str]]:
        for name in MAKE_PEOPLE:
            if self._is_on(name):
                yield name, MAKES.format(people=self.sync.new_people)

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        for kind, name in TEMPLATES.items():
            if values.get(name) and (fault := problem(values[name], placeholders(kind))):
                self.add_error(name, fault)
        return values


NOBODY_NEW = (
    "No effect while pushing new contacts is off: nobody can be created. Turn that on under “Contacts & leads”."
)
MAKES = (
    "Creates people in Salesforce that nobody there has asked for: whoever is not there yet becomes one of its "
    "{people}. Stages that hold back new contacts hold these back, too."
)
PARTNERS = (
    ("push_tasks", "task_title", "tasks"),
    ("push_calls", "call_title", "calls"),
    ("push_meetings", "meeting_title", "meetings"),
)
GROUPS = (
    (
        "emails",
        "E-mails",
        "Each e-mail hangs on one of the first five switches.",
        (*EMAILS, "push_unknown_people", "email_title"),
    ),
    ("tasks", "Tasks", "", ("push_tasks", "task_title", "pull_tasks", "pull_every")),
    ("calls", "Calls", "", ("push_calls", "call_title")),
    ("meetings", "Meetings", "", ("push_meetings", "push_all_calendar_events", "meeting_title")),
    ("notes", "Notes and conversation summaries", "", ("push_notes", "push_conversations")),
)
LABELS = {
    "push_emails_sent_here": "Push e-mails sent in Tandem",
    "push_emails_sent_elsewhere": "Push e-mails sent outside Tandem",
    "push_replies": "Push incoming replies to e-mails sent in Tandem",
    "push_other_incoming": "Push all other incoming e-mails",
    "push_internal_emails": "Push internal e-mails",
    "push_unknown_people": "Push e-mails even when the sender or recipient is not in Salesforce",
    "email_title": "Title of e-mails",
    "push_tasks": "Push completed tasks",
    "task_title": "Title of tasks",
    "pull_tasks": "Pull open tasks",
    "push_calls": "Push calls",
    "call_title": "Title of calls",
    "push_meetings": "Push meetings",
    "push_all_calendar_events": "Push all calendar events",
    "meeting_title": "Title of meetings",
    "push_notes": "Push notes",
    "push_conversations": "Push conversation summaries",
}
HINTS = {
    "push_emails_sent_elsewhere": "From a connected mailbox with another mail program.",
    "push_internal_emails": "Everybody in it is on a domain of the team. Free-mail domains never count as the team’s.",
    "push_tasks": "An e-mail task becomes an e-mail, a call task a call, a meeting task an action item.",
    "pull_tasks": "Open tasks of Salesforce come here, for people, companies and deals that are here. Completed on one "
    "side, they are completed on the other.",
    "push_meetings": "As events, with those of their people who are in Salesforce. Meetings among teammates never go.",
    "push_all_calendar_events": "Also those none of whose people is in Salesforce.",
    "push_conversations": "Onto the opportunity of their deal.",
}
