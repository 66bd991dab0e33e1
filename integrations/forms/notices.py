"""How somebody wants to hear of what needs them."""

from typing import Any

from django import forms

from integrations.models import NoticeChoice
from users.models import User


class NoticeChoiceForm(forms.ModelForm):
    """Without a row it is at once."""

    class Meta:
        model = NoticeChoice
        fields = ("mail",)
        widgets = {"mail": forms.RadioSelect}

    def __init__(self, data: Any = None, *, user: User) -> None:
        present = NoticeChoice.objects.filter(user=user).first() or NoticeChoice(user=user)
        super().__init__(data, instance=present)
        self.fields["mail"].required = True
