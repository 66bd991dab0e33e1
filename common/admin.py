"""Django admin for records: quick at a million rows, and as careful with concurrent changes as our own pages."""

from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.core.paginator import Paginator
from django.db import models, transaction
from django.forms import Field, ModelForm
from django.http import HttpRequest

from common import merging, trash
from common.models import (
    AuditEntry,
    CustomField,
    DeletedRecord,
    DuplicatePair,
    Erasure,
    Job,
    JobChunk,
    KeptReply,
    Record,
    Retention,
    SavedView,
    Workspace,
)
from common.paging import honest_count
from common.records import assign, locked, save_changes
from common.search import matching


class HonestPaginator(Paginator):
    """Counts exactly up to ten thousand and estimates beyond."""

    @cached_property
    def count(self) -> int:
        return honest_count(self.object_list).number  # type: ignore[arg-type]


class RecordAdmin(admin.ModelAdmin):
    paginator = HonestPaginator
    show_full_result_count = False
    list_per_page = 50
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_select_related = ["owner", "stage"]
    list_filter = ["stage", "origin"]
    search_fields = ["search"]  # its presence draws the search box; get_search_results does the work
    ordering = ["-id"]
    autocomplete_fields = ["owner"]
    readonly_fields = ["crm_id", "is_hidden", "custom", "created_at", "updated_at"]

    def get_search_results(
        self, request: HttpRequest, queryset: models.QuerySet, search_term: str
    ) -> tuple[models.QuerySet, bool]:
        return queryset.filter(matching(search_term)), False

    def formfield_for_dbfield(self, db_field: models.Field, request: HttpRequest, **kwargs: Any) -> Field | None:
        field = super().formfield_for_dbfield(db_field, request, **kwargs)
        if field:
            field.show_hidden_initial = True
        return field

    @transaction.atomic
    def save_model(self, request: HttpRequest, obj: Record, form: ModelForm, change: bool) -> None:
        """A change writes what the person changed, whatever else the form showed."""
        if not change:
            obj.save()
            return
        now = locked(type(obj), obj.pk)
        columns = {column.name for column in obj._meta.fields}
        changes = {name: form.cleaned_data[name] for name in form.changed_data if name in columns}
        save_changes(now, assign(now, changes))

    def delete_model(self, request: HttpRequest, obj: Record) -> None:
        """As on our own pages: what others have a part in passes to them."""
        trash.delete_records(type(obj), [obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet) -> None:
        trash.delete_records(queryset.model, list(queryset.values_list("pk", flat=True)))


class StageAdmin(admin.ModelAdmin):
    list_display = ["name", "position"]
    list_editable = ["position"]
    search_fields = ["name"]


@admin.register(CustomField)
class CustomFieldAdmin(admin.ModelAdmin):
    list_display = ["label", "record_kind", "key", "type", "position"]
    list_filter = ["record_kind", "type"]
    list_editable = ["position"]
    search_fields = ["label", "key"]

    def get_readonly_fields(self, request: HttpRequest, obj: CustomField | None = None) -> list[str]:
        """Values are stored by key and type, so neither changes."""
        return ["record_kind", "key", "type"] if obj else []


@admin.register(Workspace)
class WorkspaceAdmin(admin.ModelAdmin):
    """The one row, from the first choice on."""

    fields = ["pulled_seen_by", "currency"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not Workspace.objects.exists() and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Workspace | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Workspace, form: ModelForm, change: bool) -> None:
        obj.pk = 1
        super().save_model(request, obj, form, change)


class KeptAdmin(admin.ModelAdmin):
    """Rows to look at, that the product itself makes and takes away."""

    paginator = HonestPaginator
    show_full_result_count = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: models.Model | None = None) -> bool:
        return False


@admin.register(DeletedRecord)
class DeletedRecordAdmin(KeptAdmin):
    list_display = ["name", "record_kind", "record_id", "merged_into", "deleted_at", "deleted_by"]
    list_select_related = ["deleted_by"]
    list_filter = ["record_kind"]
    search_fields = ["name", "=record_id"]
    actions = ["bring_back"]

    @admin.action(description="Bring back, or take the merge apart", permissions=["view"])
    def bring_back(self, request: HttpRequest, queryset: models.QuerySet[DeletedRecord]) -> None:
        for row in queryset:
            try:
                (merging.undo if row.merged_into else trash.restore)(row.record_kind, row.record_id)
            except (merging.NotMergeable, trash.NotRestorable) as refusal:
                self.message_user(request, f"{row}: {refusal}", messages.WARNING)


@admin.register(Erasure)
class ErasureAdmin(KeptAdmin):
    list_display = ["record_kind", "record_id", "erased_at", "erased_by", "is_elsewhere"]
    list_select_related = ["erased_by"]
    search_fields = ["=record_id"]


@admin.register(KeptReply)
class KeptReplyAdmin(KeptAdmin):
    list_display = ["key", "user", "status", "begun_at"]
    list_select_related = ["user"]
    search_fields = ["=key"]


@admin.register(Retention)
class RetentionAdmin(KeptAdmin):
    """Set on the page of the settings."""

    list_display = ["history_months", "runs_months", "errors_months", "settings_months", "audit_months"]


@admin.register(AuditEntry)
class AuditEntryAdmin(KeptAdmin):
    list_display = ["at", "kind", "who", "what", "address"]
    list_filter = ["kind"]
    search_fields = ["=who", "=address"]
    ordering = ["-at", "-id"]


@admin.register(DuplicatePair)
class DuplicatePairAdmin(KeptAdmin):
    list_display = ["record_kind", "first_id", "second_id", "reason", "found_at", "dismissed_at", "dismissed_by"]
    list_select_related = ["dismissed_by"]
    list_filter = ["record_kind", "reason"]
    search_fields = ["=first_id", "=second_id"]


@admin.register(Job)
class JobAdmin(KeptAdmin):
    list_display = ["title", "kind", "user", "state", "done", "total", "created_at", "ended_at"]
    list_select_related = ["user"]
    list_filter = ["state", "kind"]
    ordering = ["-id"]


@admin.register(JobChunk)
class JobChunkAdmin(KeptAdmin):
    """That it is there; what is in it belongs to the person."""

    list_display = ["job", "is_result", "number"]
    list_select_related = ["job"]
    list_filter = ["is_result"]
    exclude = ["data"]
    ordering = ["-id"]

    def get_queryset(self, request: HttpRequest) -> models.QuerySet[JobChunk]:
        return super().get_queryset(request).defer("data")


@admin.register(SavedView)
class SavedViewAdmin(KeptAdmin):
    list_display = ["name", "record_kind", "user", "is_shared", "updated_at"]
    list_select_related = ["user"]
    list_filter = ["record_kind", "is_shared"]
    search_fields = ["name"]
    ordering = ["-id"]
