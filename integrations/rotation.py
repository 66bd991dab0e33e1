"""A new client secret of the app, and secrets encrypted with a new key."""

from django.db import transaction
from django.utils import timezone

from integrations import connecting
from integrations.logins import app_for, ask_anew
from integrations.models import Connection, Credential
from integrations.salesforce import oauth


def rotate_secret(connection: Connection, secret: str) -> Credential:
    """Keep a new client secret once the org has accepted it; until then the old one stays. Raises LoginRefused.

    A login renews itself with the new secret, and the org signs its answer with the one that it holds: so both are
    the same. The login that did is answered. Logins that broke because the org had the new secret already work again.
    """
    if secret == app_for(connection).client_secret:
        raise oauth.LoginRefused("That is the secret that is kept already.")
    login = _who_can_tell(connection)
    if login is None:
        raise oauth.LoginRefused("No login is left to check the secret with. Connect again, with the new secret.")
    with transaction.atomic():
        # Locked as for any renewal: where refresh tokens rotate, a second use of one revokes them all.
        rows = Credential.objects.select_for_update(of=["self"], no_key=True).select_related("connection")
        login = rows.get(pk=login.pk)
        login.connection.client_secret = secret
        tokens = ask_anew(login)
        login.access_token = tokens.access_token
        login.refresh_token = tokens.refresh_token or login.refresh_token
        login.save(update_fields=["access_token", "refresh_token"])
        _keep(connection, secret)
    return login


def _keep(connection: Connection, secret: str) -> None:
    locked = Connection.objects.select_for_update().get(pk=connection.pk)
    locked.client_secret, locked.client_secret_set_at = secret, timezone.now()
    locked.save(update_fields=["client_secret", "client_secret_set_at"])
    locked.credentials.filter(broken_reason__in=oauth.SECRET_REFUSED).update(
        broken_reason="", refusals=0, updated_at=timezone.now()
    )
    connecting.choose_team_login(locked)


def _who_can_tell(connection: Connection) -> Credential | None:
    """The team's login, else another that can renew itself."""
    able = [
        login
        for login in connection.credentials.filter(broken_reason__in=["", *oauth.SECRET_REFUSED]).order_by("-power")
        if login.is_apps_own or login.refresh_token
    ]
    return min(able, key=lambda login: login.pk != connection.team_credential_id, default=None)
