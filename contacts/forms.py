from common.forms import RecordForm, form_field_of
from common.lines import Section, line
from common.models import RecordKind
from common.widgets import RecordPicker
from contacts.models import Contact


class ContactForm(RecordForm):
    kind = RecordKind.CONTACT
    sections = (
        Section(
            "About",
            (
                line("Name", "first_name", "last_name"),
                line("E-mail", "email"),
                line("Title", "title"),
                line("Account", "account"),
                line("Company", "company_name"),
                line("Phone", "phone"),
                line("Mobile", "mobile_phone"),
                line("Stage", "stage"),
                line("Owner", "owner"),
            ),
        ),
        Section(
            "Details",
            (
                line("Other e-mails", "other_emails"),
                line("Home phone", "home_phone"),
                line("Other phone", "other_phone"),
                line("LinkedIn", "linkedin_url"),
                line("Headline", "headline"),
                line("Seniority", "seniority"),
                line("Department", "department"),
                line("Address", "street", "postal_code", "city", "state", "country", glue="<br>"),
                line("Time zone", "time_zone"),
                line("No e-mail", "no_email"),
                line("Do not call", "do_not_call"),
            ),
        ),
    )

    class Meta:
        formfield_callback = form_field_of
        model = Contact
        fields = [
            "first_name", "last_name", "email", "title", "account", "company_name", "phone", "mobile_phone", "stage",
            "owner", "other_emails", "home_phone", "other_phone", "linkedin_url", "headline", "seniority",
            "department", "street", "postal_code", "city", "state", "country", "time_zone", "no_email", "do_not_call",
        ]  # fmt: skip
        widgets = {"account": RecordPicker("account")}
        labels = {"other_emails": "Other e-mails"}
        help_texts = {"other_emails": "Separated by commas."}
