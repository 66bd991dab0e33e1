"""Taking logins away: in Salesforce, where the token becomes worthless, and here."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from integrations import connecting
from integrations.logins import app_for, tell_people
from integrations.models import Connection, Credential
from integrations.salesforce import oauth

REVOKED = "An admin revoked it."


@dataclass(frozen=True)
class Effects:
    """What a revocation would do. ``successor``: who reads and writes for the team then, if it was the team's."""

    is_teams: bool
    successor: Credential | None
    waiting: int


def effects(login: Credential) -> Effects:
    connection = login.connection
    is_teams = connection.team_credential_id == login.pk
    others = connection.credentials.usable().exclude(pk=login.pk).order_by("-power", "pk")
    waiting = connection.outbox.filter(credential=login).count()
    return Effects(is_teams, others.first() if is_teams else None, waiting)


def revoke(login: Credential) -> bool:
    """Take one login away and tell its user. False: Salesforce did not confirm that its token is worthless now."""
    is_revoked = _revoke_there(login)
    with transaction.atomic():
        connection = Connection.objects.select_for_update().get(pk=login.connection_id)
        _forget(connection, [login])
        connecting.choose_team_login(connection)
    return is_revoked


def revoke_all(connection: Connection) -> bool:
    """Take every login away. The connection, its settings and what waits stay; nothing moves until one is connected."""
    logins = list(connection.credentials.filter(broken_reason="").select_related("user"))
    revoked = [_revoke_there(login) for login in logins]
    with transaction.atomic():
        _forget(Connection.objects.select_for_update().get(pk=connection.pk), logins)
    return all(revoked)


def _revoke_there(login: Credential) -> bool:
    token = login.refresh_token or login.access_token
    return not token or oauth.revoke(app_for(login.connection), token)


def _forget(connection: Connection, logins: Sequence[Credential]) -> None:
    rows = connection.credentials.filter(pk__in=[login.pk for login in logins])
    rows.update(access_token="", refresh_token="", broken_reason=REVOKED, updated_at=timezone.now())
    tell_people()
