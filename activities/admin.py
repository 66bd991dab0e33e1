from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from activities import services
from activities.models import (
    Activity,
    Calendar,
    DeletedEmail,
    EmailTemplate,
    Enrolment,
    ListMember,
    Mailbox,
    MailFolder,
    Meeting,
    Message,
    Participant,
    RecordList,
    Reminder,
    SentCopy,
    Sequence,
    SequenceStep,
    StepRun,
)
from common.admin import HonestPaginator, KeptAdmin


class ParticipantInline(admin.TabularInline):
    model = Participant
    extra = 0
    autocomplete_fields = ["contact", "user"]


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
    inlines = [ParticipantInline]

    def delete_model(self, request: HttpRequest, obj: Activity) -> None:
        services.delete_activities([obj.pk])

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Activity]) -> None:
        services.delete_activities(list(queryset.values_list("pk", flat=True)))


@admin.register(Message)
class MessageAdmin(KeptAdmin):
    list_display = ["message_id", "activity", "is_sent_here", "is_reply", "is_internal"]
    list_select_related = ["activity"]
    search_fields = ["=message_id", "=thread"]
    ordering = ["-activity"]


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


class MailFolderInline(admin.TabularInline):
    model = MailFolder
    extra = 0


@admin.register(Mailbox)
class MailboxAdmin(KeptAdmin):
    """Whose it is connects it, under Settings > Mailbox. Nobody reads its password."""

    list_display = ["address", "user", "state", "problem", "fetched_at"]
    list_select_related = ["user"]
    list_filter = ["state"]
    exclude = ["password"]
    inlines = [MailFolderInline]


@admin.register(MailFolder)
class MailFolderAdmin(KeptAdmin):
    list_display = ["mailbox", "role", "name", "uid_validity", "last_uid"]
    list_select_related = ["mailbox"]


@admin.register(SentCopy)
class SentCopyAdmin(KeptAdmin):
    list_display = ["message_id", "mailbox", "created_at"]
    list_select_related = ["mailbox"]
    exclude = ["data"]


@admin.register(DeletedEmail)
class DeletedEmailAdmin(KeptAdmin):
    list_display = ["message_id", "deleted_at"]
    search_fields = ["=message_id"]
    ordering = ["-id"]


@admin.register(Calendar)
class CalendarAdmin(KeptAdmin):
    """The address of a feed is a secret."""

    list_display = ["name", "user", "state", "problem", "fetched_at"]
    list_select_related = ["user"]
    list_filter = ["state"]
    exclude = ["url"]


@admin.register(Meeting)
class MeetingAdmin(KeptAdmin):
    list_display = ["uid", "recurrence", "sequence", "activity"]
    list_select_related = ["activity"]
    search_fields = ["=uid"]
    ordering = ["-id"]


@admin.register(EmailTemplate)
class EmailTemplateAdmin(admin.ModelAdmin):
    list_display = ["name", "owner", "is_shared", "updated_at"]
    list_select_related = ["owner"]
    list_filter = ["is_shared"]
    search_fields = ["name", "subject"]
    autocomplete_fields = ["owner"]


@admin.register(Reminder)
class ReminderAdmin(KeptAdmin):
    """When somebody is reminded is said on the activity's page."""

    list_display = ["activity", "user", "at", "seen_at", "mailed_at"]
    list_select_related = ["activity", "user"]
    ordering = ["-id"]
