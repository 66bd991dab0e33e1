"""Inputs of activities: people out of very many, how long a call took, texts with suggestions."""

import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.urls import reverse
from django.utils.datastructures import MultiValueDict

from activities.people import Person
from common.acting import acting_user
from common.http import number
from contacts.models import Contact
from users.models import User

MOST_PEOPLE = 200
LONGEST = 24 * 60 * 60  # seconds of a call
DURATION = re.compile(r"(?:(?:(\d{1,2}):)?(\d{1,4}):([0-5]?\d))|(\d{1,4})(?:\s*(?:m|min|minutes?))?", re.ASCII)


def key_of(person: Person) -> str:
    """How a form names a person."""
    return f"{'contact' if isinstance(person, Contact) else 'user'}-{person.pk}"


def people_by(keys: Iterable[str], *, also: Collection[str] = ()) -> dict[str, Person]:
    """Who is meant by these keys, in their order, as far as the acting user sees them; ``also``: chosen before."""
    keys = list(dict.fromkeys(keys))
    seen = Q(pk__in=Contact.objects.visible_to(acting_user()).filter(pk__in=_ids(keys, "contact")).values("pk"))
    contacts = Contact.objects.filter(seen | Q(pk__in=_ids(also, "contact")), pk__in=_ids(keys, "contact"))
    users = User.objects.filter(Q(is_active=True) | Q(pk__in=_ids(also, "user")), pk__in=_ids(keys, "user"))
    found: list[Person] = [*(contacts.select_related("account") if _ids(keys, "contact") else ())]
    found += users if _ids(keys, "user") else ()
    by_key = {key_of(one): one for one in found}
    return {key: by_key[key] for key in keys if key in by_key}


def _ids(keys: Iterable[str], kind: str) -> list[int]:
    pairs = (key.partition("-") for key in keys)
    return [number(pk) for word, _, pk in pairs if word == kind and number(pk)]


class PeoplePicker(forms.Widget):
    """Ticks for whom is chosen and for whom a search finds. ``suggested``: whom it offers before anything is typed."""

    template_name = "activities/widgets/people.html"

    def __init__(self, *, with_users: bool = False) -> None:
        super().__init__()
        self.with_users = with_users
        self.suggested: Sequence[Person] = ()
        self.shown: Collection[str] = ()

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        return data.getlist(name) if isinstance(data, MultiValueDict) else list(data.get(name) or ())

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        return False  # nothing ticked is sent as nothing

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        chosen = people_by(value or (), also=self.shown)
        url = f"{reverse('activities:people')}?name={name}{'&users=yes' if self.with_users else ''}"
        return super().get_context(name, value, attrs) | {
            "chosen": chosen,
            "found": {key_of(one): one for one in self.suggested if key_of(one) not in chosen},
            "url": url,
            "what": "contacts and teammates" if self.with_users else "contacts",
        }


class PeopleField(forms.Field):
    """Contacts and, where asked for, teammates; a value is their keys."""

    widget: PeoplePicker
    hidden_widget = forms.MultipleHiddenInput

    def __init__(self, *, with_users: bool = False, **kwargs: Any) -> None:
        super().__init__(widget=PeoplePicker(with_users=with_users), **kwargs)

    def show(self, people: Iterable[Person]) -> list[str]:
        """Let it begin with these, who may stay whoever edits it."""
        self.widget.shown = [key_of(one) for one in people]
        return list(self.widget.shown)

    def to_python(self, value: Any) -> list[str]:
        return list(dict.fromkeys(value or ()))

    def has_changed(self, initial: Any, data: Any) -> bool:
        return set(initial or ()) != set(data or ())

    def clean(self, value: Any) -> list[str]:
        keys = super().clean(value)
        if len(keys) > MOST_PEOPLE:
            raise ValidationError(f"Choose {MOST_PEOPLE} people at most.")
        if set(keys) - people_by(keys, also=self.widget.shown).keys():
            raise ValidationError("Somebody of them is not there any more. Choose again.")
        return keys


class DurationField(forms.Field):
    """Seconds, typed as minutes or as minutes and seconds."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**{"help_text": "Minutes, or 12:30 for twelve and a half.", **kwargs})
        self.widget.attrs |= {"placeholder": "mm:ss", "maxlength": 12}

    def prepare_value(self, value: Any) -> Any:
        return clock(value) if isinstance(value, int) else value

    def to_python(self, value: Any) -> int | None:
        text = str(value or "").strip()
        if not text:
            return None
        found = DURATION.fullmatch(text)
        if not found:
            raise ValidationError("Type minutes, as 12, or minutes and seconds, as 12:30.")
        hours, minutes, seconds, whole = (int(part or 0) for part in found.groups())
        total = hours * 3600 + (minutes + whole) * 60 + seconds
        if total > LONGEST:
            raise ValidationError("A call takes a day at most.")
        return total

    def has_changed(self, initial: Any, data: Any) -> bool:
        return super().has_changed(self.prepare_value(initial), data)


def clock(seconds: int) -> str:
    """1:05:00, 12:30 or 0:45."""
    minutes, rest = divmod(seconds, 60)
    hours, left = divmod(minutes, 60)
    return f"{hours}:{left:02}:{rest:02}" if hours else f"{left}:{rest:02}"


class SuggestingInput(forms.TextInput):
    """A text for which the browser proposes words; others may be typed."""

    template_name = "activities/widgets/suggesting.html"

    def __init__(self, words: Sequence[str], attrs: dict[str, Any] | None = None) -> None:
        super().__init__({"autocomplete": "off", **(attrs or {})})
        self.words = words

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        context = super().get_context(name, value, attrs)
        list_id = f"{context['widget']['attrs'].get('id', name)}_words"
        context["widget"]["attrs"]["list"] = list_id
        return context | {"list_id": list_id, "words": self.words}
