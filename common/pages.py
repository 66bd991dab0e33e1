"""The page of a record, written once for all kinds: its lines edited in place, its timeline, its deletion."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import models
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django_htmx.http import HttpResponseClientRedirect, trigger_client_event

from common import timeline, trash
from common.access import refuse_readers
from common.forms import RecordForm
from common.http import Request
from common.lines import Line, Section
from common.models import Record
from common.records import kind_of
from common.visibility import seen_of
from common.words import counted

Update = Callable[[int, Mapping[str, Any]], Record]
UNPROCESSABLE = 422


def record_page(record: Record, form_class: type[RecordForm]) -> dict[str, Any]:
    """What templates/common/record.html shows."""
    return {
        "record": record,
        "kind": kind_of(record),
        "app": record._meta.app_label,
        "sections": [
            _folded(section, record, is_first=not number)
            for number, section in enumerate(form_class(instance=record).all_sections())
        ],
        **timeline.opening(),
    }


def _folded(section: Section, record: Record, *, is_first: bool) -> dict[str, Any]:
    """A section whose empty lines wait in a fold; the first section shows all."""
    empty = [] if is_first else [line for line in section.lines if not line.shown(record)]
    lines = [line for line in section.lines if line not in empty]
    return {"title": section.title, "lines": lines, "empty_lines": empty}


@dataclass(frozen=True)
class LineView:
    """Answers for one line of a record: to read it, to edit it (``?edit``), to save it (POST)."""

    request: Request
    record: Record
    form_class: type[RecordForm]
    update: Update

    def response(self, key: str) -> HttpResponse:
        line = self._line(key)
        if self.request.method == "POST":
            return self._save(line)
        if "edit" in self.request.GET:
            refuse_readers(self.request)
            return self._ask(line, self._form(line))
        return self._read(line)

    def _line(self, key: str) -> Line:
        for section in self.form_class(instance=self.record).all_sections():
            for line in section.lines:
                if line.key == key:
                    return line
        raise Http404(f"There is no field “{key}”.")

    def _form(self, line: Line, data: Any = None) -> RecordForm:
        return self.form_class(data, instance=self.record, only=line.names)

    def _save(self, line: Line) -> HttpResponse:
        form = self._form(line, self.request.POST)
        if not saved(form, self.update):
            return self._ask(line, form, status=UNPROCESSABLE)
        self.record.refresh_from_db()
        if not _is_seen(self.request, self.record):
            messages.success(self.request, "Saved.")
            return HttpResponseClientRedirect(reverse(f"{self.record._meta.app_label}:list"))
        return trigger_client_event(self._read(line, is_saved=True), "record-saved")

    def _read(self, line: Line, is_saved: bool = False) -> HttpResponse:
        context = {"line": line, "is_focused": True, "is_saved": is_saved}
        return render(self.request, "common/_line.html", self._context() | context)

    def _ask(self, line: Line, form: RecordForm, status: int = 200) -> HttpResponse:
        context = self._context() | {"line": line, "form": form}
        return render(self.request, "common/_line_form.html", context, status=status)

    def _context(self) -> dict[str, Any]:
        return {"record": self.record, "kind": kind_of(self.record), "app": self.record._meta.app_label}


def saved(form: RecordForm, update: Update) -> bool:
    """Write what the person changed; a refusal of the service becomes an error of the form."""
    if not form.is_valid():
        return False
    try:
        update(form.instance.pk, form.changes())
    except ValidationError as error:
        form.add_error(None, error.messages)
        return False
    return True


def created(form: RecordForm, create: Callable[..., Record]) -> Record | None:
    """Make what the form says; a refusal of the service becomes an error of the form."""
    if not form.is_valid():
        return None
    values = {name: value for name, value in form.cleaned_data.items() if name in form.base_fields}
    try:
        return create(**values | form.changes())
    except ValidationError as error:
        form.add_error(None, error.messages)
        return None


def back_to(request: Request, record: Record) -> HttpResponse:
    """After saving: to the record, or to the list when it was given to somebody whose records one does not see."""
    return redirect(record if _is_seen(request, record) else f"{record._meta.app_label}:list")


def _is_seen(request: Request, record: Record) -> bool:
    return seen_of(type(record), request.user).filter(pk=record.pk).exists()


def create_page(request: Request, form: RecordForm, create: Callable[..., Record]) -> HttpResponse:
    if request.method == "POST" and (record := created(form, create)):
        messages.success(request, f"“{record}” was added.")
        return redirect(record)
    return form_page(request, form, title=f"New {form.instance._meta.verbose_name}")


def edit_page(request: Request, form: RecordForm, update: Update) -> HttpResponse:
    record = form.instance
    if request.method == "POST" and saved(form, update):
        messages.success(request, "Saved.")
        return back_to(request, record)
    return form_page(request, form, title=f"Edit {record._meta.verbose_name}")


def form_page(request: HttpRequest, form: forms.ModelForm, *, title: str, listed_at: str = "") -> HttpResponse:
    """All fields of a row, to make it or to edit it. ``listed_at``: where its like are listed, if not beside it."""
    refuse_readers(request)
    row = form.instance
    back = row.get_absolute_url() if row.pk else reverse(listed_at or f"{row._meta.app_label}:list")
    template = "common/record_form.html" if isinstance(form, RecordForm) else "common/form.html"
    context = {"form": form, "title": title, "back": back}
    return render(request, template, context, status=UNPROCESSABLE if form.is_bound else 200)


def delete_page(request: HttpRequest, record: Record, delete: Callable[[int], None]) -> HttpResponse:
    """Ask before deleting, saying what goes with the record."""
    refuse_readers(request)
    app = record._meta.app_label
    if request.method == "POST":
        delete(record.pk)
        messages.success(request, f"“{record}” was deleted.")
        return redirect(f"{app}:list")
    context = {
        "record": record,
        "app": app,
        "kind": kind_of(record),
        "dependants": _dependants(record),
        "elsewhere": trash.what_deleting_does(kind_of(record), [record.pk]),
    }
    return render(request, "common/delete.html", context)


def _dependants(record: Record) -> list[str]:
    """How many rows of which kind would be deleted along with the record."""
    relations = [r for r in record._meta.related_objects if getattr(r, "on_delete", None) is models.CASCADE]
    rows = [relation.related_model._base_manager.filter(**{relation.field.name: record}) for relation in relations]
    return [counted(number, found.model) for found in rows if (number := found.count())]
