"""What is in the way of a pull or push by hand, and where that is changed."""

from dataclasses import dataclass

from django.urls import reverse

from integrations import everything, services
from integrations.models import ActivitySettings, Connection


@dataclass(frozen=True)
class Obstacle:
    """``way_out`` is what the link to ``url`` says."""

    reason: str
    way_out: str
    url: str


def to_pull(connection: Connection, remote_object: str) -> Obstacle | None:
    if reason := services.pull_refusal(connection):
        return _of_connection(connection, reason)
    if connection.cursors.filter(remote_object=remote_object).exists():
        return None
    if remote_object == "Opportunity":
        return Obstacle("Deals are not pulled.", "Choose a direction that pulls them", "#direction")
    return Obstacle(services.NOT_PULLED, "See what the login may do", reverse("integrations:logins"))


def to_push(connection: Connection, settings: everything.Settings) -> Obstacle | None:
    if reason := services.pull_refusal(connection):
        return _of_connection(connection, reason)
    if reason := everything.refusal(connection, settings):
        if isinstance(settings, ActivitySettings):
            return Obstacle(reason, "See the switches", "#emails")
        is_off = not settings.pushes
        return Obstacle(reason, "Choose a direction" if is_off else "Turn it on", "#direction" if is_off else "#push")
    return None


def _of_connection(connection: Connection, reason: str) -> Obstacle:
    if connection.is_connected and connection.phase == Connection.Phase.SYNCING:
        return Obstacle(reason, "See the logins", reverse("integrations:logins"))
    return Obstacle(reason, "See the overview", reverse("integrations:overview"))
