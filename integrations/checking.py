"""Reading again what the logins may: one call for all objects, and one for the rights as a whole."""

import logging

from integrations import budget
from integrations.connecting import keep_rights, prepare
from integrations.models import ApiUsage, Connection, Credential
from integrations.providers import client_for, provider_for
from integrations.salesforce import org as orgs
from integrations.sync.credentials import Logins
from integrations.sync.provider import ProviderError
from integrations.sync.scope import describe_all_for

logger = logging.getLogger(__name__)


def check(login: Credential) -> None:
    """Describe mapped objects and campaigns as a login sees them; read its highest permission. Raises ProviderError."""
    connection = login.connection
    if login.pk == connection.team_credential_id:
        prepare(connection, login)
        return
    provider = provider_for(login)
    try:
        mapped = connection.field_mappings.order_by("remote_object").values_list("remote_object", flat=True).distinct()
        describe_all_for(login, [*mapped, *orgs.CAMPAIGNS], provider)
    finally:
        budget.note(login, provider, ApiUsage.Purpose.METADATA)
    _read_power(login)


def _read_power(login: Credential) -> None:
    """Asked with the team's login where there is one: people may not look at permissions, not even at their own."""
    team = Logins(login.connection).for_team().credential
    client = client_for(team if team and not team.broken_reason else login)
    try:
        rights = orgs.rights_of(client, login.remote_user_id)
    finally:
        budget.note(login, client.session, ApiUsage.Purpose.METADATA)
    keep_rights(login, rights)


def check_all(connection: Connection) -> None:
    """Check every working login that is not the team's; one that can't be spoken with holds up no other."""
    for login in connection.credentials.usable().exclude(pk__in=[connection.team_credential_id]).order_by("pk"):
        try:
            check(login)
        except ProviderError as error:
            logger.warning("What %s may do could not be read: %s", login, error.reason)
