"""The logins to the org: the app they belong to, fresh tokens, and what happens when one stops working."""

import logging

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from integrations.models import Connection, Credential
from integrations.salesforce import oauth
from integrations.sync.provider import CallFailed, ConnectionBroken

logger = logging.getLogger(__name__)


def the_connection() -> Connection:
    """The workspace's one connection; before the first login it holds only the settings of the app."""
    connection, _ = Connection.objects.get_or_create(
        provider="salesforce", defaults={"login_url": settings.SALESFORCE_LOGIN_URL}
    )
    return connection


def app_for(connection: Connection, *, login_url: str = "") -> oauth.App:
    """The team's app in Salesforce. What was typed goes before what the environment says."""
    return oauth.App(
        login_url=login_url or connection.login_url,
        client_id=connection.client_id or settings.SALESFORCE_CLIENT_ID,
        client_secret=connection.client_secret or settings.SALESFORCE_CLIENT_SECRET,
        local_url=settings.SALESFORCE_LOCAL_ORG,
        timeout=settings.SYNC_TIMEOUT,
    )


class Renewal:
    """Gives the session of one login a new access token; raises ConnectionBroken or CallFailed.

    The row is locked while the org is asked: where refresh tokens rotate, a second use of one revokes them all.
    Whoever comes second takes the token that the first one got. Edits meanwhile are not held up: what they queue
    points at the login, which this lock lets them do.
    """

    def __init__(self, credential: Credential) -> None:
        self.pk = credential.pk
        self.token = credential.access_token

    def __call__(self) -> str:
        try:
            with transaction.atomic():
                rows = Credential.objects.select_for_update(of=["self"], no_key=True)
                self.token = self._renewed(rows.get(pk=self.pk))
        except Credential.DoesNotExist as error:
            raise ConnectionBroken("This login was removed.") from error
        except oauth.NoAnswer as error:
            raise CallFailed(error.reason) from error
        except oauth.LoginRefused as error:
            mark_broken(Credential.objects.get(pk=self.pk), error.reason)
            raise ConnectionBroken(error.reason) from error
        return self.token

    def _renewed(self, credential: Credential) -> str:
        if credential.broken_reason:
            raise ConnectionBroken(credential.broken_reason)
        if credential.access_token != self.token:
            return credential.access_token
        tokens = ask_anew(credential)
        credential.access_token = tokens.access_token
        credential.refresh_token = tokens.refresh_token or credential.refresh_token
        credential.save(update_fields=["access_token", "refresh_token"])
        # An org that moved says so here; the old address stops working.
        Connection.objects.filter(pk=credential.connection_id).exclude(instance_url=tokens.instance_url).update(
            instance_url=tokens.instance_url
        )
        return credential.access_token


def ask_anew(credential: Credential) -> oauth.TokenSet:
    """New tokens for a login, by the app of its ``connection``. Raises LoginRefused."""
    app = app_for(credential.connection)
    if credential.grant == Credential.Grant.CLIENT_CREDENTIALS:
        tokens = oauth.client_credentials(app)
    elif credential.refresh_token:
        tokens = oauth.refresh(app, credential.refresh_token)
    else:
        raise oauth.LoginRefused("Salesforce gave no refresh token, and the login has expired. Connect again.")
    if tokens.org_id != credential.connection.org_id or tokens.user_id != credential.remote_user_id:
        raise oauth.LoginRefused("The login now belongs to another user or org. Connect again.")
    return tokens


def mark_broken(credential: Credential, reason: str) -> None:
    """The login needs a person: its user and the admins are told; what waits for it is kept."""
    changed = Credential.objects.filter(pk=credential.pk, broken_reason="").update(
        broken_reason=reason, updated_at=timezone.now()
    )
    credential.broken_reason = credential.broken_reason or reason
    if changed:
        tell_people()


def tell_people() -> None:
    """Have the workers tell those whom it concerns that a login broke, once the transaction is through."""
    transaction.on_commit(lambda: async_task("integrations.tasks.tell_people"))
