"""Forms of records, and the look of every form."""

from collections.abc import Collection
from typing import Any, ClassVar

from django import forms
from django.db import models
from django.db.models import Q
from django.forms.renderers import TemplatesSetting

from common import custom
from common.acting import acting_user
from common.lines import Line, Section, custom_name
from common.models import CustomField, RecordKind
from common.visibility import RecordQuerySet


class Renderer(TemplatesSetting):
    """``{{ form }}`` in Tabler's look, wherever a form comes from."""

    form_template_name = "common/_form.html"
    field_template_name = "common/_field.html"


def form_field_of(column: models.Field, **kwargs: Any) -> forms.Field | None:
    """A column's form field; addresses typed without a scheme are taken for https."""
    if isinstance(column, models.URLField):
        kwargs["assume_scheme"] = "https"
    return column.formfield(**kwargs)


class RecordForm(forms.ModelForm):
    """The fields of a record, custom ones included.

    Each field carries the value that it was shown with, so that ``changes`` are the person's own and a pull that
    happened while the form stood open is left alone. Saving is the service's work, never ``form.save()``.
    """

    kind: ClassVar[RecordKind]
    sections: ClassVar[tuple[Section, ...]]
    of_kinds: ClassVar[dict[RecordKind, type["RecordForm"]]] = {}

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A kind of record has one form, by which pages that know no app find its fields."""
        super().__init_subclass__(**kwargs)
        cls.of_kinds[cls.kind] = cls

    def __init__(self, *args: Any, only: Collection[str] | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.definitions = custom.definitions(self.kind)
        for definition in self.definitions:
            self._add_custom(definition)
        for name in list(self.fields):
            if only is not None and name not in only:
                del self.fields[name]
        for field in self.fields.values():
            field.show_hidden_initial = True
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs["rows"] = 3
            if isinstance(field, forms.ModelChoiceField) and field.empty_label:
                field.empty_label = "—"
        self._offer_what_is_seen()
        self._offer_active_owners()

    def _add_custom(self, definition: CustomField) -> None:
        name = custom_name(definition)
        value = self.instance.custom.get(definition.key)
        self.fields[name] = custom.form_field(definition, value)
        self.initial.setdefault(name, custom.from_json(definition, value))

    def _offer_what_is_seen(self) -> None:
        """Of records those that the user sees, and the present one."""
        for name, field in self.fields.items():
            if isinstance(field, forms.ModelChoiceField) and isinstance(field.queryset, RecordQuerySet):
                present = getattr(self.instance, f"{name}_id", None)
                field.queryset = field.queryset.visible_to(acting_user(), also=present)

    def _offer_active_owners(self) -> None:
        owner = self.fields.get("owner")
        if isinstance(owner, forms.ModelChoiceField) and owner.queryset is not None:
            owner.queryset = owner.queryset.filter(Q(is_active=True) | Q(pk=self.instance.owner_id))
            owner.empty_label = "Nobody"

    def all_sections(self) -> list[Section]:
        """The sections of the record's page, custom fields last."""
        lines = tuple(Line.custom(definition) for definition in self.definitions)
        return [*self.sections, Section("More", lines)] if lines else list(self.sections)

    def filled_sections(self) -> list[tuple[str, list[forms.BoundField]]]:
        """The form's fields under the headings of the record's page."""
        sections = [
            (section.title, [self[name] for line in section.lines for name in line.names if name in self.fields])
            for section in self.all_sections()
        ]
        return [(title, fields) for title, fields in sections if fields]

    def changes(self) -> dict[str, Any]:
        """What the person changed, as the services take it."""
        values = {name: self._value(name) for name in self.changed_data if name in self.fields}
        keys = {custom_name(definition): definition.key for definition in self.definitions}
        changes = {name: value for name, value in values.items() if name not in keys}
        if own := {keys[name]: value for name, value in values.items() if name in keys}:
            changes["custom"] = own
        return changes

    def _value(self, name: str) -> Any:
        value = self.cleaned_data[name]
        return value.replace("\r\n", "\n") if isinstance(value, str) else value
