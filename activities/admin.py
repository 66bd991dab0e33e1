from django.contrib import admin
from django.http import HttpRequest

from activities.models import Activity, RecordList
from common.admin import HonestPaginator


@admin.register(Activity)
class ActivityAdmin(admin.ModelAdmin):
    paginator = HonestPaginator
    show_full_result_count = False
    list_display = ["__str__", "kind", "contact", "account", "deal", "owner", "happened_at", "completed_at"]
    list_select_related = ["contact", "account", "deal", "owner"]
    list_filter = ["kind", "origin"]
    search_fields = ["subject"]
    ordering = ["-happened_at", "-id"]
    autocomplete_fields = ["owner", "contact", "account", "deal"]
    readonly_fields = ["crm_id", "created_at", "updated_at"]


@admin.register(RecordList)
class RecordListAdmin(admin.ModelAdmin):
    list_display = ["name", "record_kind", "owner", "updated_at"]
    list_select_related = ["owner"]
    list_filter = ["record_kind"]
    search_fields = ["name"]
    autocomplete_fields = ["owner"]

    def get_readonly_fields(self, request: HttpRequest, obj: RecordList | None = None) -> list[str]:
        """What is on it would not fit another kind."""
        return ["record_kind"] if obj else []
