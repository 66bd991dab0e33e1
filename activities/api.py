from typing import Any

import django_filters
from django.contrib.auth import get_user_model
from django.db.models import Q
from rest_framework import serializers

from accounts.models import Account
from activities import services
from activities.models import Activity
from common.api.fields import ReferenceField
from common.api.filters import CrmIdFilter, ReferenceFilter, TimesFilter
from common.api.serializers import OriginField, StrictSerializer
from common.api.views import WriteView, both_ways
from common.filters import SeenFilter, YesNoFilter
from common.models import Origin
from contacts.models import Contact
from deals.models import Deal

ABOUT = ("contact", "account", "deal")


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
    contact = ReferenceField(queryset=Contact.objects.all(), required=False, allow_null=True)
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
            "crm_id", "created_at", "updated_at",
        ]  # fmt: skip
        read_only_fields = ["crm_id"]
        extra_kwargs = {"happened_at": {"required": False}}
        validators: list[Any] = []

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not any(attrs.get(name, getattr(self.instance, name, None)) for name in ABOUT):
            raise serializers.ValidationError("Name the contact, the account or the deal that it is about.")
        return attrs


class ActivityFilter(TimesFilter):
    kind = django_filters.ChoiceFilter(choices=Activity.Kind.choices)
    contact = SeenFilter(Contact)
    account = SeenFilter(Account)
    deal = SeenFilter(Deal)
    owner = ReferenceFilter(word="email", help_text="Id or e-mail address.")
    origin = django_filters.ChoiceFilter(choices=Origin.choices)
    open = YesNoFilter(when=Q(kind=Activity.Kind.TASK, completed_at=None), help_text="Tasks that are still to do.")
    synced = YesNoFilter(when=~Q(crm_id=""))
    crm_id = CrmIdFilter(help_text="15 or 18 characters.")

    class Meta:
        model = Activity
        fields: list[str] = []


class ActivityView(WriteView):
    """E-mails, notes, tasks, calls, meetings and conversations."""

    queryset = Activity.objects.all()
    serializer_class = ActivitySerializer
    filterset_class = ActivityFilter
    orders = both_ways(happened_at="happened_at")
    create_row = staticmethod(services.create_activity)
    update_row = staticmethod(services.update_activity)
    delete_row = staticmethod(services.delete_activity)
