from django.contrib import admin

from common.admin import KeptAdmin, RecordAdmin, StageAdmin
from contacts.models import Contact, JobChange, Stage

admin.site.register(Stage, StageAdmin)


@admin.register(Contact)
class ContactAdmin(RecordAdmin):
    list_display = ["name", "email", "title", "account", "stage", "owner", "crm_object", "crm_id"]
    list_select_related = ["account", "owner", "stage"]
    list_filter = [*RecordAdmin.list_filter, "crm_object"]
    autocomplete_fields = ["owner", "account"]
    readonly_fields = [*RecordAdmin.readonly_fields, "crm_object"]


@admin.register(JobChange)
class JobChangeAdmin(KeptAdmin):
    list_display = ["contact", "move", "state", "decided_by", "decided_at"]
    list_select_related = ["contact", "move__prospect", "decided_by"]
    list_filter = ["state"]
    ordering = ["-id"]
