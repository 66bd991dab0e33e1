from accounts import services
from accounts.filters import AccountFilter
from accounts.models import Account, Stage
from common.api.fields import ReferenceField
from common.api.filters import RecordApiFilter
from common.api.serializers import FIRST, LAST, RecordSerializer
from common.api.views import RecordView, both_ways


class AccountSerializer(RecordSerializer):
    """A company that the team works with."""

    parent = ReferenceField(  # type: ignore[assignment] # declared fields are not attributes of the class
        queryset=Account.objects.all(), required=False, allow_null=True
    )
    stage = ReferenceField(
        queryset=Stage.objects.all(), word="name", required=False, allow_null=True, help_text="Id or name."
    )

    class Meta(RecordSerializer.Meta):
        model = Account
        fields = [
            *FIRST, "name", "website", "domain", "phone", "industry", "employees", "annual_revenue", "street", "city",
            "state", "postal_code", "country", "description", "founded_year", "sic", "ticker", "linkedin_url",
            "parent", *LAST,
        ]  # fmt: skip
        read_only_fields = ["domain", "crm_id"]


class AccountApiFilter(RecordApiFilter, AccountFilter):
    pass


class AccountView(RecordView):
    """Companies that the team works with."""

    queryset = Account.objects.all()
    serializer_class = AccountSerializer
    open_to_extensions = frozenset({"list", "retrieve", "create"})
    filterset_class = AccountApiFilter
    orders = both_ways(created_at="created_at", updated_at="updated_at", name="sort_name")
    create_row = staticmethod(services.create_account)
    update_row = staticmethod(services.update_account)
    delete_row = staticmethod(services.delete_account)
