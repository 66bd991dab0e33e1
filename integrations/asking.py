"""Asking Salesforce something about one refusal, because a person wants to know now."""

from collections.abc import Iterator
from contextlib import contextmanager

from integrations import budget
from integrations.models import ApiUsage, Credential, ErrorEntry
from integrations.providers import provider_for
from integrations.salesforce import picklists
from integrations.salesforce.provider import SalesforceProvider
from integrations.services import Refused
from integrations.sync.credentials import Logins
from integrations.sync.provider import ProviderError


@contextmanager
def asked(entry: ErrorEntry) -> Iterator[tuple[Credential, SalesforceProvider]]:
    """The team's login and what it sees; the calls are counted. Raises Refused, also when Salesforce does."""
    login = Logins(entry.connection).for_team().credential
    if login is None or login.broken_reason:
        raise Refused("The team's login does not work. Connect it again first.")
    provider = provider_for(login)
    try:
        yield login, provider
    except ProviderError as error:
        raise Refused(error.reason) from error
    finally:
        budget.note(login, provider, ApiUsage.Purpose.PEOPLE)


def allowed_values(entry: ErrorEntry) -> picklists.Allowed:
    """Which values the type of this record allows in the field that was refused. Raises Refused."""
    with asked(entry) as (_, provider):
        return picklists.allowed(provider.client, entry.remote_object, entry.first_field, entry.remote_id)
