from django.contrib import admin

from activities.models import Activity
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
