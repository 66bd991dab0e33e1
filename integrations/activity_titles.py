"""What a template of titles makes of a real activity, or of a made-up one where there is none yet."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from activities.models import Activity
from integrations.activity_rules import judged, title_of
from integrations.activity_rules.titles import TEMPLATES
from integrations.models import ActivitySettings
from integrations.models.activities import TITLE_LENGTH
from users.models import User

Kind = Activity.Kind
MADE_UP: dict[Kind, dict[str, Any]] = {
    Kind.EMAIL: {"subject": "Our offer", "direction": Activity.Direction.OUT},
    Kind.TASK: {"subject": "Send the contract"},
    Kind.CALL: {"subject": "About prices", "direction": "out", "duration": 312, "outcome": "Answered"},
    Kind.MEETING: {"subject": "First meeting", "location": "Room 2"},
}


@dataclass(frozen=True)
class Example:
    title: str
    is_made_up: bool
    is_cut: bool


def example(kind: str, template: str, user: User) -> Example:
    """As the newest activity of the kind that the user sees would be called."""
    settings = ActivitySettings(**{TEMPLATES[Kind(kind)]: template})
    found = judged(Activity.objects.visible_to(user).filter(kind=kind).newest_first()).first()
    title = title_of(found or _made_up(Kind(kind), user), settings)
    return Example(title, found is None, len(title) == TITLE_LENGTH and title.endswith("…"))


def _made_up(kind: Kind, user: User) -> Activity:
    activity = Activity(pk=0, kind=kind, owner=user, happened_at=datetime.now(UTC), **MADE_UP[kind])
    activity._prefetched_objects_cache = {"participants": []}  # type: ignore[attr-defined]
    return activity
