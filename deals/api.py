from typing import Any

from django.core.validators import RegexValidator
from django.db.models import QuerySet
from rest_framework import serializers

from accounts.models import Account
from common.api.fields import ReferenceField
from common.api.filters import RecordApiFilter
from common.api.serializers import FIRST, LAST, RecordSerializer
from common.api.views import RecordView, both_ways
from contacts.models import Contact
from deals import services
from deals.filters import DealFilter
from deals.models import Deal, DealContact, Stage


class StageField(ReferenceField):
    """A name that several pipelines have means the deal's own; of a new deal, the default one's."""

    def narrowed(self, found: QuerySet[Any]) -> list[Stage]:
        stages = list(found)
        deal = self.parent.instance
        own = [
            one for one in stages if (one.pipeline_id == deal.stage.pipeline_id if deal else one.pipeline.is_default)
        ]
        return own or stages


class PartSerializer(serializers.ModelSerializer):
    """Who takes part in a deal, and as what."""

    contact = ReferenceField(queryset=Contact.objects.all())

    class Meta:
        model = DealContact
        fields = ["contact", "role", "is_primary"]


class DealSerializer(RecordSerializer):
    """An opportunity in a pipeline."""

    account = ReferenceField(queryset=Account.objects.all(), required=False, allow_null=True)
    stage = StageField(
        queryset=Stage.objects.choosable(), word="name", required=False, help_text="Id or name; at first the first one."
    )

    people = PartSerializer(
        source="roles", many=True, required=False, help_text="Who takes part; a list that is given replaces all."
    )

    class Meta(RecordSerializer.Meta):
        model = Deal
        fields = [
            *FIRST, "name", "account", "amount", "currency", "probability", "forecast_category", "close_on",
            "type", "source", "next_step", "description", "people",
            *LAST,
        ]  # fmt: skip
        read_only_fields = ["crm_id"]
        extra_kwargs = {
            "currency": {
                "validators": [RegexValidator(r"^[A-Z]{3}$", "Give the three capital letters of a currency: EUR.")]
            }
        }

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        return values | ({"people": values.pop("roles")} if "roles" in values else {})


class DealApiFilter(RecordApiFilter, DealFilter):
    pass


class DealView(RecordView):
    """Opportunities in pipelines."""

    queryset = Deal.objects.prefetch_related("roles")
    serializer_class = DealSerializer
    filterset_class = DealApiFilter
    orders = both_ways(created_at="created_at", updated_at="updated_at", name="sort_name", close_on="sort_close_on")
    create_row = staticmethod(services.create_deal)
    update_row = staticmethod(services.update_deal)
    delete_row = staticmethod(services.delete_deal)
