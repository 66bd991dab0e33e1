from typing import Any

from django import forms
from django.conf import settings

from activities.mail import presets
from activities.models import Mailbox
from users.models import User

SERVERS = tuple(f"{kind}_{name}" for kind in ("imap", "smtp") for name in ("host", "port", "security", "login"))
DAYS = [(0, "Only what comes from now on"), (30, "The last 30 days"), (90, "The last 90 days"), (365, "The last year")]
HIGHEST_PORT = 65_535


class MailboxForm(forms.ModelForm):
    """A mailbox to connect. Without logins the address is the login; without a password the present one stays."""

    provider = forms.ChoiceField(
        choices=[(key, one.label) for key, one in presets.PROVIDERS.items()] + [("", "Another, or your company’s own")],
        required=False,
    )
    password = forms.CharField(
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}), required=False, max_length=500, strip=False
    )
    days = forms.TypedChoiceField(choices=DAYS, coerce=int, initial=30, label="Mail to begin with")

    class Meta:
        model = Mailbox
        fields = ["address", "name", "password", *SERVERS]

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.instance.user = user
        for name in ("imap_login", "smtp_login"):
            self.fields[name].required = False
            self.fields[name].help_text = "Empty: the e-mail address."
        for name in ("imap_port", "smtp_port"):
            self.fields[name].widget.attrs |= {"min": 1, "max": HIGHEST_PORT}
        if not settings.MAIL_PRIVATE_HOSTS:  # nobody's password goes through the internet in the clear
            offered = [choice for choice in Mailbox.Security.choices if choice[0] != Mailbox.Security.NONE]
            self.fields["imap_security"].choices = self.fields["smtp_security"].choices = offered  # type: ignore[attr-defined]
        if self.instance.pk:
            self.fields["password"].help_text = "Empty: the present one stays."
            del self.fields["days"]

    def servers(self) -> list[forms.BoundField]:
        return [self[name] for name in SERVERS]

    @property
    def has_server_errors(self) -> bool:
        return any(name in self.errors for name in SERVERS)

    @property
    def note(self) -> str:
        provider = self["provider"].value() or presets.provider_of(self["address"].value() or "")
        return presets.PROVIDERS[provider].note if provider in presets.PROVIDERS else ""

    def clean_address(self) -> str:
        return self.cleaned_data["address"].lower()

    def clean_imap_port(self) -> int:
        return self._port("imap_port")

    def clean_smtp_port(self) -> int:
        return self._port("smtp_port")

    def _port(self, name: str) -> int:
        port = self.cleaned_data[name]
        if not 0 < port <= HIGHEST_PORT:
            raise forms.ValidationError(f"A port is a number from 1 to {HIGHEST_PORT}.")
        return port

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        for name in ("imap_login", "smtp_login"):
            given[name] = given.get(name) or given.get("address", "")
        if not given.get("password"):
            if not self.instance.password:
                self.add_error("password", "Type the password, or the app password, of the mailbox.")
            given["password"] = self.instance.password
        return given

    def values(self) -> dict[str, Any]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
