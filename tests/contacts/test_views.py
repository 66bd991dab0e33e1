import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from activities.services import create_activity
from contacts.models import Contact, Stage
from tests.factories import (
    AccountFactory,
    ActivityFactory,
    ContactFactory,
    CustomFieldFactory,
    DealFactory,
    UserFactory,
)
from tests.pages import CaptureQueries, shown, timeline_of
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def names(client: Client, **query: str) -> list[str]:
    page = client.get("/contacts/", query, headers=HTMX).context["page"]
    return [contact.last_name for contact in page]


@pytest.mark.parametrize("path", ["", "new/", "1/", "1/edit/", "1/delete/", "1/lines/title/"])
def test_a_stranger_signs_in_first(client: Client, path: str) -> None:
    assertRedirects(client.get(f"/contacts/{path}"), f"/auth/login/?next=/contacts/{path}")


@pytest.mark.usefixtures("user")
class TestList:
    def test_it_is_searched_filtered_and_sorted(self, client: Client, user: User) -> None:
        stage = Stage.objects.get(name="Replied")
        ContactFactory(last_name="Zorn", owner=user, title="Buyer")
        ContactFactory(last_name="Abel", stage=stage, crm_id="003000000000001AAA")
        ContactFactory(last_name="Mull", email="")

        assert names(client) == ["Abel", "Mull", "Zorn"]
        assert names(client, sort="newest") == ["Mull", "Abel", "Zorn"]
        assert names(client, q="buy zor") == ["Zorn"]
        assert names(client, owner=str(user.pk)) == ["Zorn"]
        assert names(client, stage=str(stage.pk)) == ["Abel"]
        assert names(client, synced="yes") == ["Abel"]
        assert names(client, synced="no") == ["Mull", "Zorn"]
        assert names(client, has_email="no") == ["Mull"]

    def test_nonsense_in_filters_is_passed_over(self, client: Client) -> None:
        ContactFactory(last_name="Abel")

        assert names(client, owner="x", stage="999999", synced="perhaps", sort="x", after="x") == ["Abel"]

    def test_hidden_contacts_stay_out(self, client: Client) -> None:
        ContactFactory(last_name="Abel")
        ContactFactory(last_name="Hidden", is_hidden=True)

        assert names(client) == ["Abel"]

    def test_the_first_one_is_asked_for_when_there_is_none(self, client: Client) -> None:
        assertContains(client.get("/contacts/"), "No contacts yet")

    def test_a_search_without_result_can_be_cleared(self, client: Client) -> None:
        ContactFactory()

        response = client.get("/contacts/", {"q": "nobody"})

        assertContains(response, "Nothing matches")
        assertContains(response, "Clear filters")

    def test_a_fragment_has_the_rows_only(self, client: Client) -> None:
        ContactFactory(last_name="Abel")

        response = client.get("/contacts/", headers=HTMX)

        assertContains(response, "Abel")
        assertNotContains(response, "<html")

    def test_what_people_typed_is_escaped(self, client: Client) -> None:
        contact = ContactFactory(last_name="<b>x</b>", title="<script>", linkedin_url="javascript:alert(1)")

        for path in ("/contacts/", f"/contacts/{contact.pk}/"):
            assertNotContains(client.get(path), "<b>x</b>")
            assertNotContains(client.get(path), "<script>")
            assertNotContains(client.get(path), 'href="javascript')

    def test_its_queries_do_not_grow_with_its_rows(self, client: Client) -> None:
        stage, owner = Stage.objects.first(), UserFactory()
        ContactFactory.create_batch(3, account=AccountFactory(), stage=stage, owner=owner)
        client.get("/contacts/")  # warms caches
        with CaptureQueries() as few:
            client.get("/contacts/")
        for _ in range(27):
            ContactFactory(account=AccountFactory(), stage=stage, owner=UserFactory())

        with CaptureQueries() as many:
            client.get("/contacts/")

        assert len(many) == len(few) <= 18


@pytest.mark.usefixtures("user")
class TestPage:
    def test_it_shows_fields_related_records_and_what_happened(self, client: Client) -> None:
        account = AccountFactory(name="Acme")
        contact = ContactFactory(last_name="Roe", account=account, email="roe@acme.example", phone="+47 1 2")
        DealFactory(name="Big one").roles.create(contact=contact)
        ActivityFactory(contact=contact, subject="Called her")

        response = client.get(f"/contacts/{contact.pk}/")

        for text in ("Ann Roe", "Acme", "mailto:roe@acme.example", "tel:+4712", "Big one"):
            assertContains(response, text)
        assert "Called her" in timeline_of(client, contact)

    @pytest.mark.parametrize(("address", "most"), [("/contacts/{}/", 18), ("/records/contact/{}/timeline/", 9)])
    def test_its_queries_do_not_grow(self, client: Client, address: str, most: int) -> None:
        contact = ContactFactory(account=AccountFactory(), owner=UserFactory(), stage=Stage.objects.first())
        create_activity(kind="note", contacts=[ContactFactory(), contact])
        client.get(address.format(contact.pk))  # warms caches
        with CaptureQueries() as few:
            client.get(address.format(contact.pk))
        for _ in range(12):
            create_activity(kind="note", contacts=[ContactFactory(), contact])
            ActivityFactory(contact=contact, owner=UserFactory())
            DealFactory().roles.create(contact=contact)

        with CaptureQueries() as many:
            client.get(address.format(contact.pk))

        assert len(many) == len(few) <= most

    def test_a_line_becomes_a_form_and_a_line_again(self, client: Client) -> None:
        contact = ContactFactory(title="CEO")
        path = f"/contacts/{contact.pk}/lines/title/"

        assertContains(client.get(f"{path}?edit", headers=HTMX), 'name="title" value="CEO"')
        saved = client.post(path, {"title": "CTO", "initial-title": "CEO"}, headers=HTMX)

        assertContains(saved, "CTO")
        assertContains(saved, 'id="record-title" hx-swap-oob="true"')
        assert "record-saved" in saved["HX-Trigger"]
        assert Contact.objects.get().title == "CTO"

    def test_a_refused_value_is_explained_beside_its_field(self, client: Client) -> None:
        contact = ContactFactory(email="a@acme.example")

        response = client.post(f"/contacts/{contact.pk}/lines/email/", {"email": "nonsense"}, headers=HTMX)

        assertContains(response, "Enter a valid email address", status_code=422)
        assertContains(response, 'value="nonsense"', status_code=422)
        assert Contact.objects.get().email == "a@acme.example"

    @pytest.mark.parametrize("key", ["crm_id", "is_hidden", "custom_unknown", "search"])
    def test_only_lines_of_the_page_can_be_edited(self, client: Client, key: str) -> None:
        path = f"/contacts/{ContactFactory().pk}/lines/{key}/"

        assert client.post(path, {key: "x"}).status_code == 404

    def test_a_custom_field_is_shown_and_edited(self, client: Client) -> None:
        CustomFieldFactory(key="tier", label="Tier", type="picklist", choices=["Gold", "Silver"])
        CustomFieldFactory(key="met_on", label="First met", type="date")
        contact = ContactFactory(custom={"tier": "Gold", "met_on": "2026-03-01"})

        assertContains(client.get(f"/contacts/{contact.pk}/"), "1 Mar 2026")
        client.post(f"/contacts/{contact.pk}/lines/custom_tier/", {"custom_tier": "Silver"}, headers=HTMX)

        assert Contact.objects.get().custom == {"tier": "Silver", "met_on": "2026-03-01"}

    def test_a_picklist_keeps_a_value_that_left_the_list(self, client: Client) -> None:
        CustomFieldFactory(key="tier", type="picklist", choices=["Gold"])
        contact = ContactFactory(custom={"tier": "Bronze"})

        assertContains(
            client.get(f"/contacts/{contact.pk}/lines/custom_tier/?edit"), '<option value="Bronze" selected>'
        )

    def test_a_deleted_contact_is_gone_with_its_activities_after_asking(self, client: Client) -> None:
        contact = ActivityFactory().contact

        assertContains(client.get(f"/contacts/{contact.pk}/delete/"), "1 activity")
        assertRedirects(client.post(f"/contacts/{contact.pk}/delete/"), "/contacts/")

        assert not Contact.objects.exists()


@pytest.mark.usefixtures("user")
class TestForms:
    def test_a_new_contact_is_its_maker_s(self, client: Client, user: User) -> None:
        data = {"last_name": "Roe", "owner": user.pk, "street": "One\r\nTwo"}

        response = client.post("/contacts/new/", data)

        contact = Contact.objects.get()
        assertRedirects(response, f"/contacts/{contact.pk}/")
        assert (contact.owner, contact.origin, contact.street) == (user, "manual", "One\nTwo")

    def test_an_incomplete_one_keeps_what_was_typed(self, client: Client) -> None:
        response = client.post("/contacts/new/", {"first_name": "Onlyfirst"})

        assertContains(response, "This field is required", status_code=422)
        assertContains(response, "Onlyfirst", status_code=422)

    def test_a_form_loaded_before_a_pull_reverts_nothing(self, client: Client) -> None:
        CustomFieldFactory(key="tier")
        contact = ContactFactory(first_name="Ann", title="CEO", phone="1", custom={"tier": "Gold"})
        form = client.get(f"/contacts/{contact.pk}/edit/").context["form"]
        data = shown(form)
        Contact.objects.update(title="Pulled title", phone="", custom={"tier": "Pulled"})

        client.post(f"/contacts/{contact.pk}/edit/", data | {"first_name": "Anna"})

        contact.refresh_from_db()
        assert contact.first_name == "Anna"
        assert (contact.title, contact.phone, contact.custom) == ("Pulled title", "", {"tier": "Pulled"})

    def test_a_form_sent_unchanged_writes_nothing(self, client: Client) -> None:
        stage = Stage.objects.first()
        CustomFieldFactory(key="n", type="number", decimals=2)
        CustomFieldFactory(key="at", type="datetime")
        CustomFieldFactory(key="b", type="boolean")
        CustomFieldFactory(key="m", type="multi_picklist", choices=["x", "y"])
        contact = ContactFactory(
            street="One\nTwo",
            stage=stage,
            no_email=True,
            other_emails=["a@x.example", "b@x.example"],
            custom={"n": 2.5, "at": "2026-01-01T10:20:30.123456+00:00", "b": False, "m": ["x"]},
        )

        data = shown(client.get(f"/contacts/{contact.pk}/edit/").context["form"])
        response = client.post(f"/contacts/{contact.pk}/edit/", data)

        assert response.status_code == 302
        assert not contact.events.exists()


def test_a_post_without_the_csrf_token_changes_nothing() -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(UserFactory())
    contact = ContactFactory(title="CEO")

    response = client.post(f"/contacts/{contact.pk}/lines/title/", {"title": "CTO"}, headers=HTMX)

    assert response.status_code == 403
    assert Contact.objects.get().title == "CEO"


def test_editing_a_multi_picklist_keeps_values_that_are_no_choice_here(client: Client) -> None:
    client.force_login(UserFactory())
    CustomFieldFactory(key="m", type="multi_picklist", choices=["x", "y"])
    contact = ContactFactory(custom={"m": ["x", "from the org"]})

    form = client.get(f"/contacts/{contact.pk}/lines/custom_m/?edit", headers=HTMX).context["form"]
    data = {**shown(form), "custom_m": ["y", "from the org"]}
    response = client.post(f"/contacts/{contact.pk}/lines/custom_m/", data, headers=HTMX)

    assert response.status_code == 200
    assert Contact.objects.get().custom == {"m": ["y", "from the org"]}
