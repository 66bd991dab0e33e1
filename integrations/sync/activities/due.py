"""Which activities are worth a row in the queue. What decides in the end is asked when they are sent."""

from collections.abc import Iterable

from django.db.models import Q

from activities.models import Activity
from integrations.activity_rules.verdicts import SWITCH_OF
from integrations.models import ActivitySettings, Connection
from integrations.models.activities import EMAILS


def due_activities(connection: Connection, activities: Iterable[Activity]) -> list[Activity]:
    """Those that are there already, and those of which some setting lets new ones go."""
    settings = ActivitySettings.of(connection)
    return [one for one in activities if one.crm_id or may_go(one, settings)]


def may_go_by(settings: ActivitySettings) -> Q:
    """As ``may_go``, for a query."""
    kinds = [kind for kind, switch in SWITCH_OF.items() if getattr(settings, switch)]
    kinds += [Activity.Kind.EMAIL] if any(getattr(settings, name) for name in EMAILS) else []
    return Q(kind__in=kinds) & ~Q(kind=Activity.Kind.TASK, completed_at=None)


def may_go(activity: Activity, settings: ActivitySettings) -> bool:
    """Whether a new activity of this kind could go. Of an e-mail more is known only once it is stored as a whole."""
    if activity.kind == Activity.Kind.EMAIL:
        return any(getattr(settings, name) for name in EMAILS)
    if activity.kind == Activity.Kind.TASK and activity.completed_at is None:
        return False
    return bool(getattr(settings, SWITCH_OF[Activity.Kind(activity.kind)]))
