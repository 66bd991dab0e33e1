"""A text of settings that somebody brings."""

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

LARGEST = 2_000_000  # bytes


class TextForm(forms.Form):
    """A file, or a text pasted in; the file goes before it."""

    file = forms.FileField(label="A file", required=False)
    text = forms.CharField(
        label="Or its text",
        required=False,
        strip=False,
        widget=forms.Textarea(attrs={"rows": 12, "class": "font-monospace", "spellcheck": "false", "wrap": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if file := values.get("file"):
            values["text"] = self._read(file)
        if not self.errors and not (values.get("text") or "").strip():
            raise ValidationError("Choose a file, or paste its text.")
        return values

    def _read(self, file: Any) -> str:
        if file.size > LARGEST:
            raise ValidationError({"file": "The file is too large to be a text of settings."})
        try:
            return str(file.read().decode("utf-8-sig"))
        except UnicodeDecodeError as error:
            raise ValidationError({"file": "The file is no text in UTF-8: choose an exported one."}) from error
