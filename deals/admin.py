from django.contrib import admin
from django.http import HttpRequest

from common.admin import RecordAdmin
from deals.models import Deal, DealContact, Pipeline, Stage


class StageInline(admin.TabularInline):
    """The steps of a pipeline; of a locked one they follow the CRM and are only shown."""

    model = Stage
    extra = 0
    readonly_fields = ["crm_value"]

    def has_change_permission(self, request: HttpRequest, obj: Pipeline | None = None) -> bool:
        return not (obj and obj.is_locked) and super().has_change_permission(request, obj)

    def has_add_permission(self, request: HttpRequest, obj: Pipeline | None = None) -> bool:
        return not Pipeline.objects.are_stages_closed() and super().has_add_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Pipeline | None = None) -> bool:
        return not (obj and obj.is_locked) and super().has_delete_permission(request, obj)


@admin.register(Pipeline)
class PipelineAdmin(admin.ModelAdmin):
    list_display = ["name", "is_default", "is_locked"]
    search_fields = ["name"]
    inlines = [StageInline]

    def get_readonly_fields(self, request: HttpRequest, obj: Pipeline | None = None) -> list[str]:
        return ["is_locked", *(["name"] if obj and obj.is_locked else [])]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return not Pipeline.objects.are_stages_closed() and super().has_add_permission(request)

    def has_delete_permission(self, request: HttpRequest, obj: Pipeline | None = None) -> bool:
        return not (obj and obj.is_locked) and super().has_delete_permission(request, obj)


class DealContactInline(admin.TabularInline):
    model = DealContact
    extra = 0
    autocomplete_fields = ["contact"]


@admin.register(Deal)
class DealAdmin(RecordAdmin):
    list_display = ["name", "account", "stage", "amount", "currency", "close_on", "owner", "crm_id"]
    list_select_related = ["account", "owner", "stage"]
    autocomplete_fields = ["owner", "account"]
    inlines = [DealContactInline]
