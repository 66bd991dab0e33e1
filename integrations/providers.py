"""Which Provider a connection means: the one file that names both halves."""

from django.conf import settings

from integrations.logins import Renewal
from integrations.models import Credential
from integrations.salesforce.client import Client, Session
from integrations.salesforce.provider import SalesforceProvider


def client_for(credential: Credential) -> Client:
    """A client that speaks as ``credential``, renewing its token when it has expired."""
    session = Session(
        credential.access_token,
        Renewal(credential),
        local_url=settings.SALESFORCE_LOCAL_ORG,
        timeout=settings.SYNC_TIMEOUT,
    )
    return Client(credential.connection.instance_url, session)


def provider_for(credential: Credential) -> SalesforceProvider:
    return SalesforceProvider(client_for(credential), credential.remote_user_id)
