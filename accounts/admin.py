from django.contrib import admin

from accounts.models import Account, Stage
from common.admin import RecordAdmin, StageAdmin

admin.site.register(Stage, StageAdmin)


@admin.register(Account)
class AccountAdmin(RecordAdmin):
    list_display = ["name", "domain", "city", "country", "stage", "owner", "crm_id"]
    autocomplete_fields = ["owner", "parent"]
    readonly_fields = [*RecordAdmin.readonly_fields, "domain"]
