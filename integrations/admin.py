"""The integration in Django's admin, to look at: the sync keeps its own state, and settings have their pages."""

from collections.abc import Callable
from typing import Any

from django.contrib import admin, messages
from django.db import models
from django.http import HttpRequest

from common.admin import HonestPaginator
from common.models import RecordKind
from common.vault import SecretField
from integrations import deletions, tuning
from integrations.models import (
    ActivitySettings,
    Alignment,
    ApiUsage,
    Arrivals,
    Campaign,
    CampaignMember,
    Connection,
    Credential,
    Cursor,
    DeclinedPair,
    DeletionSettings,
    ErrorEntry,
    ExclusionRule,
    FieldMapping,
    HeldDeletions,
    InferenceMark,
    InferredStage,
    IngestJob,
    LaneCall,
    LoginDescription,
    Notice,
    NoticeChoice,
    NoticeCopy,
    ObjectDescription,
    ObjectSettings,
    Outbox,
    PanelMember,
    PanelSession,
    PendingReference,
    PullCondition,
    RecordLink,
    RemoteRole,
    Run,
    RunLine,
    Sample,
    SkippedRecord,
    StageInference,
    StageMapping,
    SyncEvent,
    Undo,
    UserMapping,
)
from integrations.services import Refused


class ReadOnlyAdmin(admin.ModelAdmin):
    """Rows to read; secrets are left out."""

    paginator = HonestPaginator
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        columns = [column for column in self.model._meta.fields if not isinstance(column, SecretField)]
        return [column.name for column in columns]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Connection)
class ConnectionAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "org_id", "edition", "connected_at", "api_used", "api_limit")


@admin.register(ApiUsage)
class ApiUsageAdmin(ReadOnlyAdmin):
    list_display = ("day", "purpose", "calls")
    list_filter = ("purpose",)


@admin.register(Credential)
class CredentialAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "user", "username", "power", "broken_reason", "last_used_at")


@admin.register(ObjectSettings)
class ObjectSettingsAdmin(ReadOnlyAdmin):
    """Contacts and accounts have pages of their own; which way deals go, and whether they show, is set here."""

    list_display = ("record_kind", "sync", "push_new", "create_as", "is_visible", "pull_every")

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        can_change = self.has_change_permission(request, obj)
        return ("sync", "is_visible", "pull_every") if can_change else super().get_fields(request, obj)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return getattr(obj, "record_kind", "") == RecordKind.DEAL and request.user.is_superuser

    def save_model(self, request: HttpRequest, obj: ObjectSettings, form: Any, change: bool) -> None:
        for line in tuning.save_settings(obj, form.changed_data):
            self.message_user(request, line)


@admin.register(ActivitySettings)
class ActivitySettingsAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "pull_tasks", "pull_every", "updated_at")


@admin.register(ExclusionRule)
class ExclusionRuleAdmin(ReadOnlyAdmin):
    list_display = ("name", "join", "updated_at")
    search_fields = ("name",)


@admin.register(DeclinedPair)
class DeclinedPairAdmin(ReadOnlyAdmin):
    list_display = ("field", "remote_object", "remote_field")


@admin.register(FieldMapping)
class FieldMappingAdmin(ReadOnlyAdmin):
    list_display = ("remote_object", "field", "remote_field", "direction", "winner")
    list_filter = ("remote_object",)


@admin.register(StageMapping)
class StageMappingAdmin(ReadOnlyAdmin):
    list_display = ("remote_object", "stage_id", "remote_value")


@admin.register(UserMapping)
class UserMappingAdmin(admin.ModelAdmin):
    """Who is who may be set by hand: matching by e-mail then leaves it alone."""

    list_display = ("name", "email", "is_active", "user", "is_by_hand")
    list_select_related = ("user",)
    search_fields = ("name", "email")
    fields = ("name", "email", "remote_id", "is_active", "user")
    readonly_fields = ("name", "email", "remote_id", "is_active")

    def save_model(self, request: HttpRequest, obj: UserMapping, form: Any, change: bool) -> None:
        obj.is_by_hand = True
        obj.save(update_fields=["user", "is_by_hand"])

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(DeletionSettings)
class DeletionSettingsAdmin(admin.ModelAdmin):
    """Whether deletes and merges of an object are followed, and how many at once need an admin."""

    list_display = ("remote_object", "sync_deletes", "sync_merges", "most", "most_percent")


@admin.register(HeldDeletions)
class HeldDeletionsAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "held_at", "decided_at", "decided_by", "is_confirmed")
    actions = ("let_through", "let_stay")

    @admin.action(description="Let the deletions through", permissions=["view"])
    def let_through(self, request: HttpRequest, queryset: models.QuerySet[HeldDeletions]) -> None:
        self._decide(request, queryset, deletions.confirm)

    @admin.action(description="Let the records stay", permissions=["view"])
    def let_stay(self, request: HttpRequest, queryset: models.QuerySet[HeldDeletions]) -> None:
        self._decide(request, queryset, deletions.refuse)

    def _decide(
        self, request: HttpRequest, queryset: models.QuerySet[HeldDeletions], decide: Callable[..., int]
    ) -> None:
        for held in queryset:
            try:
                self.message_user(request, f"{held}: {decide(held, request.user)}.")
            except Refused as refusal:
                self.message_user(request, str(refusal), messages.WARNING)


@admin.register(RecordLink)
class RecordLinkAdmin(ReadOnlyAdmin):
    list_display = ("record_kind", "record_id", "remote_object", "remote_id", "pulled_at", "pushed_at", "dropped_at")
    list_filter = ("record_kind", "remote_object")
    search_fields = ("=remote_id", "=record_id")


@admin.register(Outbox)
class OutboxAdmin(ReadOnlyAdmin):
    list_display = ("record_kind", "record_id", "operation", "remote_object", "lane", "attempts", "next_attempt_at")
    list_filter = ("lane", "record_kind", "operation")
    search_fields = ("=record_id",)


@admin.register(Cursor)
class CursorAdmin(ReadOnlyAdmin):
    list_display = ("remote_object", "position", "page_at", "due_at", "leased_until")


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ("__str__", "state", "started_at", "finished_at", "created", "updated", "failed", "api_calls")
    list_filter = ("kind", "remote_object", "state")


@admin.register(ErrorEntry)
class ErrorEntryAdmin(ReadOnlyAdmin):
    list_display = ("record_name", "remote_object", "code", "by", "last_at", "closed_at")
    list_filter = ("code", "remote_object", "by")
    search_fields = ("record_name", "message")


@admin.register(SyncEvent)
class SyncEventAdmin(ReadOnlyAdmin):
    list_display = ("at", "kind", "record_kind", "record_id", "summary")
    list_filter = ("kind", "record_kind")
    search_fields = ("=record_id",)


@admin.register(ObjectDescription)
class ObjectDescriptionAdmin(ReadOnlyAdmin):
    list_display = ("remote_object", "fetched_at")


@admin.register(Notice)
class NoticeAdmin(ReadOnlyAdmin):
    list_display = ("title", "kind", "count", "begun_at", "closed_at")
    list_filter = ("kind",)


@admin.register(SkippedRecord)
class SkippedRecordAdmin(ReadOnlyAdmin):
    list_display = ("record_kind", "record_id", "user", "at")
    list_select_related = ("user",)
    search_fields = ("=record_id",)


@admin.register(RunLine)
class RunLineAdmin(ReadOnlyAdmin):
    list_display = ("name", "run", "outcome", "direction", "remote_object", "reason")
    list_select_related = ("run",)
    list_filter = ("outcome", "direction")
    search_fields = ("=record_id",)


@admin.register(RemoteRole)
class RemoteRoleAdmin(ReadOnlyAdmin):
    list_display = ("remote_id", "remote_deal_id", "remote_contact_id", "role", "is_primary")
    search_fields = ("=remote_deal_id", "=remote_contact_id")


@admin.register(Campaign)
class CampaignAdmin(ReadOnlyAdmin):
    list_display = ("name", "remote_id", "read_at")
    search_fields = ("name", "=remote_id")


@admin.register(CampaignMember)
class CampaignMemberAdmin(ReadOnlyAdmin):
    list_display = ("record_id", "campaign", "status", "state", "asked_at", "settled_at")
    list_select_related = ("campaign",)
    list_filter = ("state", "lane")
    search_fields = ("=record_id",)


@admin.register(Sample)
class SampleAdmin(ReadOnlyAdmin):
    list_display = ("at", "minutes")


@admin.register(IngestJob)
class IngestJobAdmin(ReadOnlyAdmin):
    list_display = ("remote_id", "remote_object", "lane", "begun_at", "looks", "due_at", "leased_until")


@admin.register(PanelMember)
class PanelMemberAdmin(ReadOnlyAdmin):
    list_display = ("user", "remote_user_id")
    list_select_related = ("user",)


@admin.register(PanelSession)
class PanelSessionAdmin(ReadOnlyAdmin):
    """What codes and tokens are known by is nobody's to read."""

    list_display = ("user", "created_at", "used_at", "ended_at")
    list_select_related = ("user",)
    fields = ("user", "org_id", "created_at", "used_at", "ended_at")

    def get_fields(self, request: HttpRequest, obj: models.Model | None = None) -> Any:
        return self.fields


# The marks and bookmarks of work under way.
admin.site.register([Alignment, Arrivals, InferenceMark, InferredStage, LaneCall, StageInference, Undo], ReadOnlyAdmin)
admin.site.register([LoginDescription, NoticeChoice, NoticeCopy, PendingReference, PullCondition], ReadOnlyAdmin)
