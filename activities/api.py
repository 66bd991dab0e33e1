from typing import Any

import django_filters
from django.contrib.auth import get_user_model
from django.db.models import Prefetch, Q
from rest_framework import serializers

from accounts.models import Account
from activities import services
from activities.models import Activity, Participant
from activities.people import contacts_of, people_rows
from activities.tables import TakesPartFilter, is_overdue
from common.acting import acting_user
from common.api.fields import ReferenceField
from common.api.filters import CrmIdFilter, ReferenceFilter, TimesFilter
from common.api.serializers import OriginField, StrictSerializer
from common.api.views import WriteView, both_ways
from common.filters import SeenFilter, YesNoFilter
from common.models import Origin
from contacts.models import Contact
from deals.models import Deal

ABOUT = ("contact", "account", "deal")


class AttachedContact(serializers.PrimaryKeyRelatedField):
    """One of the contacts of an activity: one that the user sees, or that stands on it already."""

    def get_queryset(self) -> Any:
        activity = getattr(self.parent.parent, "instance", None)
        present = [one.pk for one in contacts_of(activity)] if isinstance(activity, Activity) else []
        seen = Contact.objects.visible_to(acting_user())
        return Contact.objects.filter(Q(pk__in=seen.values("pk")) | Q(pk__in=present))


class ContactsField(serializers.ManyRelatedField):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(child_relation=AttachedContact(queryset=Contact.objects.all()), **kwargs)

    def get_attribute(self, instance: Activity) -> list[Contact]:
        return contacts_of(instance)


class ParticipantSerializer(serializers.ModelSerializer):
    class Meta:
        model = Participant
        fields = ["role", "name", "address", "contact", "user"]


class ActivitySerializer(StrictSerializer):
    """What happened with a contact, account or deal, or is to do."""

    create_only = ("origin", "kind")

    owner = ReferenceField(
        queryset=get_user_model()._default_manager.filter(is_active=True),
        word="email",
        required=False,
        allow_null=True,
        help_text="Whoever makes an activity owns it, unless another is named (id or e-mail address).",
    )
    contact = ReferenceField(
        queryset=Contact.objects.all(),
        required=False,
        allow_null=True,
        help_text="The first of its contacts.",
    )
    contacts = ContactsField(
        required=False, help_text="All contacts that it is with, the first one first. Written, it replaces them all."
    )
    participants = ParticipantSerializer(
        many=True,
        read_only=True,
        help_text="Who takes part besides the first contact: addresses of an e-mail, guests of a meeting.",
    )
    account = ReferenceField(
        queryset=Account.objects.all(),
        required=False,
        allow_null=True,
        help_text="At first that of the contact or deal.",
    )
    deal = ReferenceField(queryset=Deal.objects.all(), required=False, allow_null=True)
    origin = OriginField()

    class Meta:
        model = Activity
        fields = [
            "id", "kind", "subject", "body", *ABOUT, "happened_at", "due_on", "completed_at", "owner", "origin",
            "crm_id", "created_at", "updated_at", "contacts", "participants", "task_type", "priority", "remind_at",
            "direction", "duration", "outcome", "ends_at", "is_all_day", "location",
        ]  # fmt: skip
        read_only_fields = ["crm_id"]
        extra_kwargs = {
            "happened_at": {"required": False, "help_text": "When it took place; a meeting begins then."},
            "task_type": {"help_text": "Of a task, what is to be done; empty for anything."},
            "is_all_day": {"help_text": "Of a meeting, from midnight UTC to the midnight after its last day."},
        }
        validators: list[Any] = []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if "contact" in attrs and "contacts" in attrs:
            raise serializers.ValidationError({"contacts": "Give contact or contacts, not both."})
        about = {name: attrs.get(name, getattr(self.instance, name, None)) for name in ABOUT}
        about["contact"] = bool(attrs["contacts"]) if "contacts" in attrs else about["contact"]
        if not any(about.values()):
            raise serializers.ValidationError("Name the contact, the account or the deal that it is about.")
        return attrs


class ActivityFilter(TimesFilter):
    kind = django_filters.ChoiceFilter(choices=Activity.Kind.choices)
    contact = TakesPartFilter(Contact, help_text="Who takes part, first or beside others.")
    account = SeenFilter(Account)
    deal = SeenFilter(Deal)
    owner = ReferenceFilter(word="email", help_text="Id or e-mail address.")
    origin = django_filters.ChoiceFilter(choices=Origin.choices)
    open = YesNoFilter(when=Q(kind=Activity.Kind.TASK, completed_at=None), help_text="Tasks that are still to do.")
    overdue = YesNoFilter(when=is_overdue, help_text="Tasks that should be done.")
    task_type = django_filters.ChoiceFilter(choices=[one for one in Activity.TaskType.choices if one[0]])
    priority = django_filters.ChoiceFilter(choices=Activity.Priority.choices)
    direction = django_filters.ChoiceFilter(choices=Activity.Direction.choices)
    due_from = django_filters.DateFilter("due_on", "gte", help_text="Due on this day or later.")
    due_to = django_filters.DateFilter("due_on", "lte", help_text="Due on this day or before.")
    synced = YesNoFilter(when=~Q(crm_id=""))
    crm_id = CrmIdFilter(help_text="15 or 18 characters.")

    class Meta:
        model = Activity
        fields: list[str] = []


class ActivityView(WriteView):
    """E-mails, notes, tasks, calls, meetings and conversations."""

    queryset = Activity.objects.select_related("contact").prefetch_related(Prefetch("participants", people_rows()))
    serializer_class = ActivitySerializer
    open_to_extensions = frozenset({"list", "retrieve", "create"})
    filterset_class = ActivityFilter
    orders = both_ways(happened_at="happened_at")
    create_row = staticmethod(services.create_activity)
    update_row = staticmethod(services.update_activity)
    delete_row = staticmethod(services.delete_activity)
