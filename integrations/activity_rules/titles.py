"""What activities are called in Salesforce, by the templates of the settings."""

from collections.abc import Callable, Mapping
from zoneinfo import ZoneInfo

from activities.models import Activity
from activities.placeholders import PLACEHOLDER, one_line
from integrations.models import ActivitySettings
from integrations.models.activities import TITLE_LENGTH

Kind = Activity.Kind
Read = Callable[[Activity], str]


def _of(activity: Activity, role: str) -> str:
    return ", ".join(str(one) for one in activity.participants.all() if one.role == role)


def _day(activity: Activity) -> str:
    """As the calendar of its owner has it."""
    if activity.is_all_day:
        return f"{activity.first_day:%Y-%m-%d}"
    at = activity.completed_at if activity.kind == Kind.TASK and activity.completed_at else activity.happened_at
    return f"{at.astimezone(ZoneInfo(activity.owner.time_zone if activity.owner else 'UTC')):%Y-%m-%d}"


def _length(activity: Activity) -> str:
    minutes, seconds = divmod(activity.duration or 0, 60)
    return f"{minutes}:{seconds:02}" if activity.duration else ""


ALWAYS: dict[str, tuple[str, Read]] = {
    "subject": ("Subject", lambda one: one.subject),
    "kind": ("E-mail, call …", lambda one: str(one.get_kind_display())),
    "contact": ("Contact", lambda one: str(one.contact or "")),
    "account": ("Account", lambda one: str(one.account or "")),
    "deal": ("Deal", lambda one: str(one.deal or "")),
    "owner": ("Owner", lambda one: str(one.owner or "")),
    "date": ("Day", _day),
}
DIRECTION: dict[str, tuple[str, Read]] = {
    "direction": ("Incoming or outgoing", lambda one: str(one.get_direction_display() if one.direction else "")),
}
OF_KIND: dict[str, dict[str, tuple[str, Read]]] = {
    Kind.EMAIL: DIRECTION
    | {
        "from": ("Sender", lambda one: _of(one, "from")),
        "to": ("Recipients", lambda one: _of(one, "to")),
    },
    Kind.TASK: {
        "type": ("To do, e-mail, call or meeting", lambda one: str(one.get_task_type_display())),
        "priority": ("Priority", lambda one: str(one.get_priority_display())),
    },
    Kind.CALL: DIRECTION
    | {
        "outcome": ("Outcome", lambda one: one.outcome),
        "duration": ("Duration, in minutes", _length),
    },
    Kind.MEETING: {"location": ("Place", lambda one: one.location)},
}
TEMPLATES = {
    Kind.EMAIL: "email_title",
    Kind.TASK: "task_title",
    Kind.CALL: "call_title",
    Kind.MEETING: "meeting_title",
}


def placeholders(kind: str) -> dict[str, str]:
    """What a template of this kind may ask for, with its label."""
    return {name: label for name, (label, _) in _known(kind).items()}


def title_of(activity: Activity, settings: ActivitySettings) -> str:
    """Its title in Salesforce; where that would be empty, what kind of activity it is."""
    name = TEMPLATES.get(Kind(activity.kind))
    values = {key: read(activity) for key, (_, read) in _known(activity.kind).items()}
    text = filled(getattr(settings, name), values) if name else one_line(activity.subject)
    return shortened(text) or str(activity.get_kind_display())


def filled(template: str, values: Mapping[str, str]) -> str:
    """The template with its values on one line; a value that lacks leaves what stands in for it, or nothing."""
    return one_line(
        PLACEHOLDER.sub(lambda found: values.get(found[1], "").strip() or (found[2] or "").strip(), template)
    )


def shortened(title: str) -> str:
    return title if len(title) <= TITLE_LENGTH else f"{title[: TITLE_LENGTH - 1].rstrip()}…"


def _known(kind: str) -> dict[str, tuple[str, Read]]:
    return ALWAYS | OF_KIND.get(kind, {})
