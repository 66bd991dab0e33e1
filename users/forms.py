from typing import Any
from zoneinfo import available_timezones

from django import forms

from users.models import ExtensionToken, User

TIME_ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))

ROLES = [choice for choice in User.Role.choices if choice[0] != User.Role.PANEL]
ROLE_HELP = User._meta.get_field("role").help_text


class YouForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=[(zone, zone.replace("_", " ")) for zone in ["UTC", *TIME_ZONES]])

    class Meta:
        model = User
        fields = ["name", "time_zone"]


class InvitationForm(forms.ModelForm):
    """Checks the address as the model does; ``services.invite`` makes the user."""

    role = forms.ChoiceField(choices=ROLES, help_text=ROLE_HELP)

    class Meta:
        model = User
        fields = ["email", "name", "role"]

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=ROLES, help_text=ROLE_HELP)


class DeactivationForm(forms.Form):
    heir = forms.ModelChoiceField(
        User.objects.none(), required=False, label="Who takes over what they own", empty_label="—"
    )

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["heir"].queryset = User.objects.filter(is_active=True).exclude(pk=user.pk)  # type: ignore[attr-defined]


class ExtensionTokenForm(forms.ModelForm):
    """``extensions.make`` makes the token."""

    class Meta:
        model = ExtensionToken
        fields = ["name", "scope"]
        labels = {"scope": "Extension"}

    def __init__(self, data: Any = None) -> None:
        super().__init__(data, auto_id="token_%s")
        self.fields["scope"].choices = ExtensionToken.Scope.choices  # type: ignore[attr-defined]
