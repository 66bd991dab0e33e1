"""The team's own app in Salesforce."""

from typing import Any

from django import forms
from django.conf import settings

from integrations.models import Connection
from integrations.salesforce import oauth
from integrations.salesforce.demo import LocalOrg


class AppForm(forms.Form):
    """The team's own app in Salesforce, and where it signs in. A secret that is kept is never shown again."""

    class Host:
        PRODUCTION, SANDBOX, MY_DOMAIN = "https://login.salesforce.com", "https://test.salesforce.com", "my_domain"

    host = forms.ChoiceField(
        label="Where your org signs in",
        choices=[
            (Host.PRODUCTION, "Production or Developer Edition (login.salesforce.com)"),
            (Host.SANDBOX, "Sandbox (test.salesforce.com)"),
            (Host.MY_DOMAIN, "My Domain"),
        ],
        widget=forms.RadioSelect,
    )
    my_domain = forms.CharField(
        label="My Domain",
        required=False,
        max_length=255,
        help_text="Such as acme.my.salesforce.com, or any address of your org.",
    )
    client_id = forms.CharField(label="Consumer key (client id)", required=False, max_length=255)
    client_secret = forms.CharField(
        label="Consumer secret",
        required=False,
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, connection: Connection, local_org: LocalOrg | None, *args: Any, **kwargs: Any) -> None:
        self.connection, self.local_org = connection, local_org
        super().__init__(*args, **{"initial": self._initial(), **kwargs})
        self.is_secret_kept = bool(connection.client_secret or settings.SALESFORCE_CLIENT_SECRET or local_org)
        if self.is_secret_kept:
            self.fields["client_secret"].help_text = "A secret is kept. Leave this empty to keep it."

    def _initial(self) -> dict[str, str]:
        url, client_id = self.connection.login_url, self.connection.client_id or settings.SALESFORCE_CLIENT_ID
        if self.local_org and not client_id:
            url, client_id = self.local_org.url, self.local_org.client_id
        if url in {self.Host.PRODUCTION, self.Host.SANDBOX}:
            return {"host": url, "client_id": client_id}
        return {"host": self.Host.MY_DOMAIN, "my_domain": url.removeprefix("https://"), "client_id": client_id}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["login_url"] = self._login_url(values.get("host", ""), values.get("my_domain", ""))
        is_local = bool(self.local_org and values["login_url"] == self.local_org.url)
        if not values.get("client_id") and not settings.SALESFORCE_CLIENT_ID:
            self.add_error("client_id", "Copy the consumer key of your app in Salesforce.")
        if not values.get("client_secret"):
            values["client_secret"] = self._kept_secret(values.get("client_id", ""), is_local=is_local)
        if not values["client_secret"] and not settings.SALESFORCE_CLIENT_SECRET:
            self.add_error("client_secret", "Copy the consumer secret of your app in Salesforce.")
        return values

    def _login_url(self, host: str, my_domain: str) -> str:
        if host != self.Host.MY_DOMAIN:
            return host
        try:
            return oauth.login_host(my_domain, settings.SALESFORCE_LOCAL_ORG)
        except ValueError as error:
            self.add_error("my_domain", str(error))
            return ""

    def _kept_secret(self, client_id: str, *, is_local: bool) -> str:
        """A kept secret belongs to its client id: it is never sent along with another."""
        if is_local and self.local_org and client_id == self.local_org.client_id:
            return self.local_org.client_secret
        return self.connection.client_secret if client_id == self.connection.client_id else ""
