"""What is typed on the pages of the logins."""

from django import forms


class SecretForm(forms.Form):
    """A new client secret. It is never shown again."""

    client_secret = forms.CharField(
        label="New consumer secret",
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        error_messages={"required": "Copy the new consumer secret of the app in Salesforce."},
    )
