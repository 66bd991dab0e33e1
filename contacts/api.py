from accounts.models import Account
from common.api.fields import ReferenceField
from common.api.filters import RecordApiFilter
from common.api.serializers import FIRST, LAST, RecordSerializer
from common.api.views import RecordView, both_ways
from contacts import services
from contacts.filters import ContactFilter
from contacts.models import Contact, Stage


class ContactSerializer(RecordSerializer):
    """A person that the team works with."""

    account = ReferenceField(queryset=Account.objects.all(), required=False, allow_null=True)
    stage = ReferenceField(
        queryset=Stage.objects.all(), word="name", required=False, allow_null=True, help_text="Id or name."
    )

    class Meta(RecordSerializer.Meta):
        model = Contact
        fields = [
            *FIRST, "first_name", "last_name", "email", "email_status", "other_emails", "title", "company_name",
            "account", "phone", "mobile_phone", "home_phone", "other_phone", "street", "city", "state", "postal_code",
            "country", "linkedin_url", "seniority", "department", "headline", "time_zone", "no_email", "do_not_call",
            "crm_object", *LAST,
        ]  # fmt: skip
        read_only_fields = ["email_status", "crm_object", "crm_id"]


class ContactApiFilter(RecordApiFilter, ContactFilter):
    pass


class ContactView(RecordView):
    """People that the team works with."""

    queryset = Contact.objects.all()
    serializer_class = ContactSerializer
    open_to_extensions = frozenset({"list", "retrieve", "create"})
    filterset_class = ContactApiFilter
    orders = both_ways(created_at="created_at", updated_at="updated_at", name="sort_name")
    create_row = staticmethod(services.create_contact)
    update_row = staticmethod(services.update_contact)
    delete_row = staticmethod(services.delete_contact)
