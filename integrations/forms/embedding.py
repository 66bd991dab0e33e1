"""Who may use the panel inside Salesforce."""

from django import forms

from integrations.models import Connection


class PanelForm(forms.ModelForm):
    class Meta:
        model = Connection
        fields = ["lets_panel_users_in"]
