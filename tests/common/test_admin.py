from datetime import date

import pytest
from django.apps import apps
from django.contrib import admin
from django.test import Client
from pytest_django.asserts import assertContains

from activities.models import (
    Calendar,
    DeletedEmail,
    EmailTemplate,
    Enrolment,
    Mailbox,
    Meeting,
    Message,
    Participant,
    Reminder,
    SequenceStep,
)
from common import audit
from common.models import Erasure, KeptReply, Retention
from common.visibility import let_see_pulled
from contacts.models import Contact
from deals.models import DealContact, Stage
from directory.loading import load_companies, load_prospects
from directory.models import Load
from tests.factories import (
    AccountFactory,
    ActivityFactory,
    AdminFactory,
    ContactFactory,
    CustomFieldFactory,
    DealFactory,
    JobChunkFactory,
    RecordListFactory,
    SavedViewFactory,
    StepFactory,
    UserFactory,
)
from tests.pages import shown
from users.models import ExtensionToken, User

pytestmark = pytest.mark.django_db

APPS = ["users", "common", "directory", "accounts", "contacts", "deals", "activities"]
PARTS = {Stage, DealContact, Participant, SequenceStep}  # rows on the page of what they belong to
MODELS = [
    model
    for app in APPS
    for model in apps.get_app_config(app).get_models()
    if "pgh_id" not in {column.name for column in model._meta.fields} and model not in PARTS
]


def test_every_model_of_ours_is_there() -> None:
    missing = {
        model._meta.label
        for app in [*APPS, "integrations"]
        for model in apps.get_app_config(app).get_models()
        if "pgh_id" not in {column.name for column in model._meta.fields}
    }
    missing -= {model._meta.label for model in [*admin.site._registry, *PARTS]}

    assert not missing


@pytest.fixture
def as_admin(client: Client) -> Client:
    client.force_login(AdminFactory())
    return client


@pytest.fixture
def _rows() -> None:
    activity = ActivityFactory(contact=ContactFactory(account=AccountFactory()))
    Message.objects.create(activity=activity, message_id="1@acme.example", thread="1@acme.example")
    mailbox = Mailbox.objects.create(user=UserFactory(), address="ann@acme.example", read_since=date(2026, 1, 1))
    mailbox.folders.create(role="inbox", name="INBOX")
    mailbox.sent_copies.create(message_id="1@acme.example", data=b"")
    Calendar.objects.create(user=mailbox.user, name="Work", url="https://acme.example/secret.ics")
    Meeting.objects.create(activity=activity, uid="1@acme.example")
    DealFactory()
    load_companies([{"key": "a", "name": "Acme"}, {"key": "b", "name": "Beta"}])
    for company in "ab":  # a contact who changes jobs
        load_prospects([{"key": "1", "last_name": "Sample", "email": activity.contact.email, "company_key": company}])
    Load.objects.create(kind="people", source="loaded", file="people.csv")
    ExtensionToken.objects.create(user=mailbox.user, name="Laptop", scope=ExtensionToken.Scope.GMAIL, digest="d")
    CustomFieldFactory()
    JobChunkFactory()
    SavedViewFactory()
    for _ in range(2):
        ContactFactory(email="same@acme.example")  # a potential duplicate
    ContactFactory().delete()
    let_see_pulled("owners")
    member = ContactFactory()
    RecordListFactory().members.create(contact=member)
    step = StepFactory()
    Enrolment.objects.create(sequence=step.sequence, contact=member).runs.create(step=step, state="done")
    Erasure.objects.create(record_kind="contact", record_id=1)
    audit.record(audit.Kind.EXPORT, "contacts.csv")
    Retention.objects.create(pk=1)
    DeletedEmail.objects.create(message_id="one@acme.example")
    EmailTemplate.objects.create(name="Hello", body="Hello", owner=member.owner or UserFactory())
    Reminder.objects.create(activity=activity, user=UserFactory(), at=activity.happened_at)
    KeptReply.objects.create(user=UserFactory(), key="a", fingerprint="b")


@pytest.mark.usefixtures("_rows")
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model._meta.label)
def test_every_model_is_listed_searched_and_opened(as_admin: Client, model: type) -> None:
    site = admin.site.get_model_admin(model)
    path = f"/admin/{model._meta.app_label}/{model._meta.model_name}/"
    row = model._default_manager.first()

    assert as_admin.get(path).status_code == 200
    assert as_admin.get(path, {"q": "an"} if site.search_fields else {}).status_code == 200
    assert as_admin.get(f"{path}{row.pk}/change/").status_code == 200


@pytest.mark.parametrize("path", ["authtoken/tokenproxy", "auth/group", "account/emailaddress"])
def test_tokens_and_sign_in_addresses_are_nobodys_to_read_there(as_admin: Client, path: str) -> None:
    assert as_admin.get(f"/admin/{path}/").status_code == 404


def test_members_do_not_enter(client: Client) -> None:
    client.force_login(UserFactory())

    assert client.get("/admin/").status_code == 302


def test_a_user_is_made_there(as_admin: Client) -> None:
    data = {
        "email": "nia@example.com",
        "role": "member",
        "password1": "correct-horse-9",
        "password2": "correct-horse-9",
    }

    as_admin.post("/admin/users/user/add/", data)

    user = User.objects.get(email="nia@example.com")
    assert user.check_password("correct-horse-9")


def test_a_form_loaded_before_a_pull_reverts_nothing(as_admin: Client) -> None:
    contact = ContactFactory(title="CEO", phone="1", custom={"tier": "Gold"})
    path = f"/admin/contacts/contact/{contact.pk}/change/"
    data = shown(as_admin.get(path).content.decode())
    Contact.objects.update(title="Pulled", custom={"tier": "Pulled"})

    response = as_admin.post(path, data | {"phone": "2", "_save": "Save"})

    assert response.status_code == 302
    contact.refresh_from_db()
    assert (contact.title, contact.phone, contact.custom) == ("Pulled", "2", {"tier": "Pulled"})


def test_what_belongs_to_the_sync_is_read_only(as_admin: Client) -> None:
    contact = ContactFactory(crm_id="003000000000001AAA")

    response = as_admin.get(f"/admin/contacts/contact/{contact.pk}/change/")

    assertContains(response, "003000000000001AAA")
    assert "crm_id" not in response.context["adminform"].form.fields


def test_stages_of_a_locked_pipeline_are_only_shown(as_admin: Client) -> None:
    pipeline = DealFactory().stage.pipeline
    pipeline.is_locked = True
    pipeline.save()

    response = as_admin.get(f"/admin/deals/pipeline/{pipeline.pk}/change/")

    assertContains(response, "Qualification")
    assert not response.context["inline_admin_formsets"][0].has_change_permission
