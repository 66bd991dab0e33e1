"""What is asked of an e-mail, and of a template of one."""

from uuid import uuid4

from django import forms
from django.core.exceptions import ValidationError

from activities.fields import PeopleField
from activities.models import EmailTemplate
from activities.previewing import problem_of

MOST = 50  # recipients of one e-mail; a sequence takes care of more


class PlaceholdersMixin(forms.BaseForm):
    """Texts with placeholders: what can't be filled in for anybody is refused beside its field."""

    def clean_subject(self) -> str:
        return self._checked("subject")

    def clean_body(self) -> str:
        return self._checked("body").replace("\r\n", "\n")

    def _checked(self, name: str) -> str:
        text: str = self.cleaned_data[name]
        if problem := problem_of(text):
            raise ValidationError(problem)
        return text


class EmailForm(PlaceholdersMixin, forms.Form):
    """``draft`` names what is being written: sent twice by mistake, it goes once."""

    people = PeopleField(label="To", required=True)
    subject = forms.CharField(max_length=255)
    body = forms.CharField(label="Text", widget=forms.Textarea(attrs={"rows": 14}), strip=False)
    draft = forms.UUIDField(widget=forms.HiddenInput, initial=uuid4)
    deal = forms.IntegerField(widget=forms.HiddenInput, required=False)
    answer = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def clean_people(self) -> list[str]:
        keys: list[str] = self.cleaned_data["people"]
        if len(keys) > MOST:
            raise ValidationError(f"An e-mail goes to {MOST} people at most. For more use a sequence.")
        return keys

    def clean_body(self) -> str:
        if not self.cleaned_data["body"].strip():
            raise ValidationError("Write what the e-mail says.")
        return super().clean_body().rstrip()


class TemplateForm(PlaceholdersMixin, forms.ModelForm):
    class Meta:
        model = EmailTemplate
        fields = ["name", "subject", "body", "is_shared"]
        widgets = {"body": forms.Textarea(attrs={"rows": 12})}

    def changes(self) -> dict[str, object]:
        return {name: self.cleaned_data[name] for name in self.changed_data}
