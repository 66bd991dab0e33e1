from zoneinfo import available_timezones

from django import forms

from users.models import User

TIME_ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("Etc/", "SystemV/")))


class YouForm(forms.ModelForm):
    time_zone = forms.ChoiceField(choices=[(zone, zone.replace("_", " ")) for zone in ["UTC", *TIME_ZONES]])

    class Meta:
        model = User
        fields = ["name", "time_zone"]


class InvitationForm(forms.ModelForm):
    """Checks the address as the model does; ``services.invite`` makes the user."""

    class Meta:
        model = User
        fields = ["email", "name", "role"]

    def clean_email(self) -> str:
        return self.cleaned_data["email"].lower()


class RoleForm(forms.Form):
    role = forms.ChoiceField(choices=User.Role.choices, help_text=User._meta.get_field("role").help_text)


class DeactivationForm(forms.Form):
    heir = forms.ModelChoiceField(
        User.objects.none(), required=False, label="Who takes over what they own", empty_label="—"
    )

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.fields["heir"].queryset = User.objects.filter(is_active=True).exclude(pk=user.pk)  # type: ignore[attr-defined]
