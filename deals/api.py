from typing import Any, ClassVar

from django.db.models import Prefetch, QuerySet, prefetch_related_objects

from accounts.models import Account
from common.acting import acting_user
from common.api.fields import ReferenceField
from common.api.filters import RecordApiFilter
from common.api.serializers import FIRST, LAST, RecordSerializer, StrictSerializer
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


class PartSerializer(StrictSerializer):
    """Who takes part in a deal, and as what."""

    contact = ReferenceField(queryset=Contact.objects.all())

    class Meta:
        model = DealContact
        fields = ["contact", "role", "is_primary"]
        validators: ClassVar[list[Any]] = []


class DealSerializer(RecordSerializer):
    """An opportunity in a pipeline."""

    account = ReferenceField(queryset=Account.objects.all(), required=False, allow_null=True)
    stage = StageField(
        queryset=Stage.objects.choosable(), word="name", required=False, help_text="Id or name; at first the first one."
    )

    people = PartSerializer(
        source="roles",
        many=True,
        required=False,
        help_text="Who takes part, of those whom you see; a list that is given replaces them.",
    )

    class Meta(RecordSerializer.Meta):
        model = Deal
        fields = [
            *FIRST, "name", "account", "amount", "currency", "probability", "forecast_category", "close_on",
            "type", "source", "next_step", "description", "people",
            *LAST,
        ]  # fmt: skip
        read_only_fields = ["crm_id"]

    def to_internal_value(self, data: Any) -> Any:
        values = super().to_internal_value(data)
        return values | ({"people": values.pop("roles")} if "roles" in values else {})

    def to_representation(self, instance: Deal) -> dict[str, Any]:
        prefetch_related_objects([instance], people_seen())  # of a deal that was just written; lists have them
        return super().to_representation(instance)


def people_seen() -> Prefetch:
    rows = DealContact.objects.visible_to(acting_user())
    return Prefetch("roles", rows.order_by("-is_primary", "id"))


class DealApiFilter(RecordApiFilter, DealFilter):
    pass


class DealView(RecordView):
    """Opportunities in pipelines."""

    queryset = Deal.objects.all()
    serializer_class = DealSerializer
    filterset_class = DealApiFilter
    orders = both_ways(created_at="created_at", updated_at="updated_at", name="sort_name", close_on="sort_close_on")
    create_row = staticmethod(services.create_deal)
    update_row = staticmethod(services.update_deal)
    delete_row = staticmethod(services.delete_deal)

    def get_queryset(self) -> QuerySet[Any]:
        return super().get_queryset().prefetch_related(people_seen())
