from accounts.models import Account
from common.forms import RecordForm, form_field_of
from common.lines import Section, line
from common.models import RecordKind
from common.widgets import RecordPicker


class AccountForm(RecordForm):
    kind = RecordKind.ACCOUNT
    sections = (
        Section(
            "About",
            (
                line("Name", "name"),
                line("Website", "website"),
                line("Phone", "phone"),
                line("Stage", "stage"),
                line("Owner", "owner"),
                line("Parent", "parent"),
            ),
        ),
        Section(
            "Company",
            (
                line("Industry", "industry"),
                line("Employees", "employees"),
                line("Annual revenue", "annual_revenue"),
                line("Founded", "founded_year"),
                line("Address", "street", "postal_code", "city", "state", "country", glue="<br>"),
                line("LinkedIn", "linkedin_url"),
                line("SIC, ticker", "sic", "ticker", glue=", "),
                line("Description", "description"),
            ),
        ),
    )

    class Meta:
        formfield_callback = form_field_of
        model = Account
        fields = [
            "name", "website", "phone", "stage", "owner", "parent", "industry", "employees", "annual_revenue",
            "founded_year", "street", "postal_code", "city", "state", "country", "linkedin_url", "sic", "ticker",
            "description",
        ]  # fmt: skip
        widgets = {"parent": RecordPicker("account")}
