from django.contrib import admin
from django.http import HttpRequest

from activities.models import Activity, Enrolment, ListMember, RecordList, Sequence, SequenceStep, StepRun
from common.admin import HonestPaginator, KeptAdmin


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


class StepInline(admin.TabularInline):
    """To look at: whoever waits for a step is moved on by the sequence's own page, which knows of them."""

    model = SequenceStep
    extra = 0
    readonly_fields = ["position", "kind", "wait", "unit", "subject", "body", "waits_for_task"]
    can_delete = False

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


@admin.register(Sequence)
class SequenceAdmin(admin.ModelAdmin):
    list_display = ["name", "owner", "is_on", "hours", "updated_at"]
    list_select_related = ["owner"]
    list_filter = ["is_on"]
    search_fields = ["name"]
    autocomplete_fields = ["owner"]
    inlines = [StepInline]


@admin.register(Enrolment)
class EnrolmentAdmin(KeptAdmin):
    list_display = ["contact", "sequence", "owner", "state", "reason", "next_step", "due_at"]
    list_select_related = ["contact", "sequence", "owner", "next_step"]
    list_filter = ["state", "reason"]
    search_fields = ["=contact__email_key"]
    ordering = ["-id"]


@admin.register(ListMember)
class ListMemberAdmin(KeptAdmin):
    """Who is on a list is said on its page."""

    list_display = ["list", "contact", "account", "deal", "added_at"]
    list_select_related = ["list", "contact", "account", "deal"]
    search_fields = ["=contact__email_key"]
    ordering = ["-id"]


@admin.register(StepRun)
class StepRunAdmin(KeptAdmin):
    list_display = ["enrolment", "step", "state", "activity_id", "at"]
    list_select_related = ["enrolment__contact", "enrolment__sequence", "step"]
    list_filter = ["state"]
    ordering = ["-id"]
