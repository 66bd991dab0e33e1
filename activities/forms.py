"""What is asked of an activity depends on its kind."""

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone

from accounts.models import Account
from activities.fields import DurationField, PeopleField, SuggestingInput, people_by
from activities.models import Activity
from activities.models.activity import midnight
from activities.people import PeopleChange, Person, contacts_of, people_of
from common.acting import acting_user
from common.models import Record, RecordKind
from common.records import kind_of
from common.visibility import RecordQuerySet
from common.widgets import DateInput, DateTimeInput, RecordPicker
from contacts.models import Contact
from deals.models import Deal

Kind = Activity.Kind
ATTACHED = ["account", "deal"]
FIELDS: dict[str, list[str]] = {
    Kind.NOTE: ["body", "people"],
    Kind.CALL: ["subject", "direction", "outcome", "happened_at", "duration", "people", "body"],
    Kind.MEETING: [
        "subject", "happened_at", "ends_at", "is_all_day", "location", "people", "remind_at", "body",
    ],
    Kind.TASK: ["subject", "task_type", "priority", "due_on", "remind_at", "owner", "people", "body"],
    Kind.CONVERSATION: ["subject", "happened_at", "people", "body"],
}  # fmt: skip
OF_DEALS = (Kind.CONVERSATION,)
WRITTEN = ["subject", "happened_at", "people", "body"]  # an e-mail that somebody logged
SENT = ["people"]  # an e-mail that went through a mailbox says what it said
NEEDED = {Kind.NOTE: "body", Kind.EMAIL: "subject"}
OUTCOMES = ("Connected", "Left a voicemail", "No answer", "Busy", "Wrong number", "Call back later")
LABELS = {
    Kind.CALL: {"body": "Notes"},
    Kind.MEETING: {
        "is_all_day": "All day (without times)",
        "happened_at": "Starts",
        "people": "Guests",
        "body": "Notes",
    },
    Kind.NOTE: {"body": "Note"},
    Kind.TASK: {"subject": "What is to do"},
    Kind.CONVERSATION: {"subject": "Title", "people": "Participants", "body": "Summary"},
    Kind.EMAIL: {"body": "Text"},
}
LENGTH = timedelta(minutes=30)  # of a meeting, until somebody says otherwise


class ActivityForm(forms.ModelForm):
    """An activity of one kind, with whom it is with and what else it is about.

    Each field carries the value that it was shown with: what others changed meanwhile is left alone.
    """

    people = PeopleField(label="With", required=False)
    duration = DurationField(label="Duration", required=False)

    class Meta:
        model = Activity
        fields = [
            "subject", "direction", "outcome", "task_type", "priority", "due_on", "remind_at", "owner", "happened_at",
            "duration", "ends_at", "is_all_day", "location", "body", *ATTACHED,
        ]  # fmt: skip
        labels = {
            "happened_at": "When",
            "due_on": "Due",
            "body": "Notes",
            "task_type": "Type",
            "remind_at": "Remind me",
        }
        help_texts = dict.fromkeys(["happened_at", "outcome", "ends_at", "is_all_day", "remind_at"], "")
        widgets = {
            "due_on": DateInput,
            "happened_at": DateTimeInput,
            "ends_at": DateTimeInput,
            "remind_at": DateTimeInput,
            "body": forms.Textarea(attrs={"rows": 3}),
            "outcome": SuggestingInput(OUTCOMES),
            "account": RecordPicker(RecordKind.ACCOUNT),
            "deal": RecordPicker(RecordKind.DEAL),
        }

    def __init__(self, *args: Any, kind: str, about: Record | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.kind, self.about = Kind(kind), about
        self.order_fields([*self._wanted(), *ATTACHED])
        for name in set(self.fields) - {*self._wanted(), *ATTACHED}:
            del self.fields[name]
        self._name_fields()
        self._offer_people()
        self._offer_records()
        self._show_last_day()

    def _wanted(self) -> list[str]:
        if self.kind != Kind.EMAIL:
            return FIELDS[self.kind]
        return SENT if hasattr(self.instance, "message") else WRITTEN

    def _name_fields(self) -> None:
        needed = NEEDED.get(self.kind, "subject")
        for name, field in self.fields.items():
            field.show_hidden_initial = bool(self.instance.pk)
            field.required = name in (needed, "happened_at", "priority")
            field.label = LABELS.get(self.kind, {}).get(name, field.label)
        if "body" in self.fields and self.kind in (Kind.CONVERSATION, Kind.EMAIL):
            self.fields["body"].widget.attrs["rows"] = 10
            self.fields["body"].required = self.kind == Kind.CONVERSATION
        if direction := self.fields.get("direction"):
            direction.choices = [("out", "Outgoing"), ("in", "Incoming"), ("", "Not said")]  # type: ignore[attr-defined]
        if task_type := self.fields.get("task_type"):
            task_type.choices = Activity.TaskType.choices  # type: ignore[attr-defined]
        if owner := self.fields.get("owner"):
            present = self.instance.owner_id
            people: Any = owner.queryset  # type: ignore[attr-defined]
            owner.queryset = people.filter(is_active=True) | people.filter(pk=present)  # type: ignore[attr-defined]
            owner.empty_label = "Nobody"  # type: ignore[attr-defined]

    def _offer_people(self) -> None:
        field: Any = self.fields["people"]
        field.widget.with_users = self.kind == Kind.MEETING
        present: Sequence[Person] = self._present_people() if self.instance.pk else self._first_people()
        self.initial["people"] = field.show(present)
        field.widget.suggested = self._likely_people() if not self.instance.pk else ()

    def _present_people(self) -> Sequence[Person]:
        """Who wrote an e-mail and got it is not to be changed; for whom it counts is."""
        return contacts_of(self.instance) if self.kind == Kind.EMAIL else people_of(self.instance)

    def _first_people(self) -> list[Person]:
        return [self.about] if isinstance(self.about, Contact) else []

    def _likely_people(self) -> list[Person]:
        """Who has to do with the record on whose page it is made."""
        match self.about:
            case Deal():
                return [role.contact for role in self.about.people(acting_user())[:LIKELY]]
            case Contact() if self.about.account:
                contacts: Any = self.about.account.contacts.exclude(pk=self.about.pk)
            case Account():
                contacts = self.about.contacts.all()
            case _:
                return []
        return list(contacts.visible_to(acting_user()).listed().order_by("sort_name", "id")[:LIKELY])

    def _offer_records(self) -> None:
        for name in ATTACHED:
            field: Any = self.fields[name]
            assert isinstance(field.queryset, RecordQuerySet)
            field.queryset = field.queryset.visible_to(acting_user(), also=getattr(self.instance, f"{name}_id"))
        if self.about and kind_of(self.about) in ATTACHED:
            self.initial[kind_of(self.about)] = self.about.pk

    def _show_last_day(self) -> None:
        """A whole day ends when the next one begins; people name the last one. It is the same day everywhere."""
        if self.instance.is_all_day and "ends_at" in self.fields:
            self.initial["happened_at"] = _here(self.instance.first_day)
            self.initial["ends_at"] = _here(self.instance.last_day)

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or self.cleaned_data
        begins, ends = values.get("happened_at"), values.get("ends_at")
        if self.kind == Kind.MEETING and begins and "ends_at" not in self.errors:
            if values.get("is_all_day"):
                first, last = _day(begins), _day(ends or begins)
                begins, ends = midnight(first), midnight(last) + timedelta(days=1)
                if last < first:
                    self.add_error("ends_at", "It can’t end before it begins.")
            elif ends and ends < begins:
                self.add_error("ends_at", "It can’t end before it begins.")
            values |= {"happened_at": begins, "ends_at": ends}
        if not values.get("people") and not values.get("account") and not values.get("deal") and not self.errors:
            self.add_error("people", "Choose a contact, or below an account or a deal, that it is about.")
        return values

    def _post_clean(self) -> None:
        """The service checks; the instance that the page shows stays as it is."""

    def changes(self) -> dict[str, Any]:
        """What the person changed, as the service takes it."""
        names = set(self.changed_data)
        if names & {"happened_at", "ends_at", "is_all_day"} and self.kind == Kind.MEETING:
            names |= {"happened_at", "ends_at", "is_all_day"}
        values = {name: self.cleaned_data[name] for name in names if name in self.fields and name != "people"}
        values = {name: v.replace("\r\n", "\n") if isinstance(v, str) else v for name, v in values.items()}
        return values | ({"people": self._people_change()} if "people" in names else {})

    def values(self) -> dict[str, Any]:
        """All that a new one has."""
        chosen = people_by(self.cleaned_data["people"])
        values = {name: value for name, value in self.cleaned_data.items() if name != "people"}
        values = {name: v.replace("\r\n", "\n") if isinstance(v, str) else v for name, v in values.items()}
        return values | {"people": PeopleChange(added=list(chosen.values()))}

    def _people_change(self) -> PeopleChange:
        before = self["people"].initial if not self.is_bound else self._shown_people()
        wanted = people_by(self.cleaned_data["people"], also=before)
        gone = people_by([key for key in before if key not in wanted], also=before)
        added = [person for key, person in wanted.items() if key not in before]
        return PeopleChange(added=added, removed=list(gone.values()))

    def _shown_people(self) -> list[str]:
        """Who was chosen when the form was shown."""
        data: Any = self.data
        return data.getlist(self.add_initial_prefix("people")) if hasattr(data, "getlist") else self.initial["people"]

    def attached_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in ATTACHED]

    def own_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name not in ATTACHED]


LIKELY = 5


def _day(moment: datetime) -> date:
    """The one that the reader filled in."""
    return timezone.localtime(moment).date()


def _here(day: date) -> datetime:
    """So that it is that day in what the reader is shown."""
    return timezone.make_aware(datetime.combine(day, time.min))


def first_values(kind: str) -> dict[str, Any]:
    """What a new one begins with."""
    now = timezone.localtime().replace(second=0, microsecond=0)
    if kind == Kind.MEETING:
        begins = now.replace(minute=0) + timedelta(hours=1)
        return {"happened_at": begins, "ends_at": begins + LENGTH}
    return {"happened_at": now, "owner": acting_user(), "priority": Activity.Priority.NORMAL, "direction": "out"}
