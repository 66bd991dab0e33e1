"""Writing e-mails: to one, to several, from a template, as an answer."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.http import HttpResponse
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from activities.models import Activity, EmailTemplate, Message, Participant
from activities.people import contacts_of
from tests.activities.sequencing import Server
from tests.factories import AccountFactory, ContactFactory, DealFactory, UserFactory
from tests.pages import shown
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}
WRITE = "/activities/email/"


@pytest.fixture
def user(client: Client) -> User:
    user = UserFactory(name="Kim Demo", email="kim@example.com")
    client.force_login(user)
    return user


@pytest.fixture
def ann() -> Any:
    return ContactFactory(first_name="Ann", email="ann@example.com", account=AccountFactory(name="Acme"))


@pytest.fixture
def bob() -> Any:
    return ContactFactory(first_name="Bob", email="bob@example.com")


def write(client: Client, query: str, **values: Any) -> HttpResponse:
    form = shown(client.get(WRITE + query).context["form"])
    return client.post(WRITE, form | {"subject": "Hello {{first_name}}", "body": "Text", **values})


class TestWriting:
    def test_it_is_sent_and_stands_in_the_timeline(self, client: Client, user: User, ann: Any) -> None:
        assertRedirects(write(client, f"?contact={ann.pk}"), ann.get_absolute_url())

        email = Activity.objects.get()
        assert (email.kind, email.direction, email.subject, email.owner) == ("email", "out", "Hello Ann", user)
        assert (email.contact, email.account) == (ann, ann.account)
        assert mail.outbox[0].to == ["ann@example.com"]
        assert mail.outbox[0].extra_headers["Message-ID"] == f"<{email.message.message_id}>"
        assert email.message.is_sent_here

    def test_each_gets_one_of_their_own(self, client: Client, user: User, ann: Any, bob: Any) -> None:
        write(client, f"?contact={ann.pk}&contact={bob.pk}")

        assert [(one.to, one.subject) for one in mail.outbox] == [
            (["ann@example.com"], "Hello Ann"),
            (["bob@example.com"], "Hello Bob"),
        ]
        assert Activity.objects.count() == 2

    def test_the_same_draft_sent_twice_goes_once(self, client: Client, user: User, ann: Any) -> None:
        form = shown(client.get(f"{WRITE}?contact={ann.pk}").context["form"]) | {"subject": "Hi", "body": "Text"}

        client.post(WRITE, form)
        client.post(WRITE, form)

        assert len(mail.outbox) == Activity.objects.count() == 1

    def test_chosen_contacts_of_a_list_are_written_to(self, client: Client, user: User, ann: Any, bob: Any) -> None:
        answer = client.post("/records/contact/act/", {"action": "write", "ids": [ann.pk, bob.pk]})

        form = shown(client.get(answer["Location"]).context["form"])
        assert form["people"] == [f"contact-{ann.pk}", f"contact-{bob.pk}"]

    def test_all_that_a_list_finds_are_too_many(self, client: Client, user: User, ann: Any) -> None:
        answer = client.post("/records/contact/act/", {"action": "write", "all": "yes"}, follow=True)

        assertContains(answer, "choose 50 at most")

    def test_one_about_a_deal_goes_to_whom_is_chosen_of_it(self, client: Client, user: User, ann: Any) -> None:
        deal = DealFactory()
        deal.roles.create(contact=ann, is_primary=True)

        assertRedirects(write(client, f"?deal={deal.pk}"), deal.get_absolute_url())

        assert Activity.objects.get().deal == deal

    @pytest.mark.parametrize("values", [{"no_email": True}, {"email": ""}])
    def test_who_can_t_be_written_to_stops_it_before_anything_goes(
        self, client: Client, user: User, ann: Any, values: dict[str, Any]
    ) -> None:
        other = ContactFactory(first_name="Cy", **values)

        answer = write(client, f"?contact={ann.pk}&contact={other.pk}", body="My long text")

        assert answer.status_code == 422
        assertContains(answer, "Cy", status_code=422)
        assertContains(answer, "My long text", status_code=422)
        assert not mail.outbox

    @pytest.mark.parametrize("body", ["Dear {{nobody}}", "Dear {{city}}", "Dear {{first_name", "  "])
    def test_a_text_that_can_t_be_filled_in_is_not_sent(self, client: Client, user: User, ann: Any, body: str) -> None:
        assert write(client, f"?contact={ann.pk}", body=body).status_code == 422
        assert not mail.outbox

    def test_of_several_those_who_did_not_get_it_stay_in_the_form(
        self, client: Client, user: User, ann: Any, bob: Any, server: type[Server]
    ) -> None:
        server.refuses = "bob@example.com"

        answer = write(client, f"?contact={ann.pk}&contact={bob.pk}")

        assert answer.status_code == 422
        assert answer.context["form"]["people"].value() == [f"contact-{bob.pk}"]
        assert contacts_of(Activity.objects.get()) == [ann]

    def test_what_was_written_is_not_lost_when_no_server_takes_it(
        self, client: Client, user: User, ann: Any, server: type[Server]
    ) -> None:
        server.closed = ConnectionRefusedError("refused")

        response = write(client, f"?contact={ann.pk}", body="Long text")

        assertContains(response, "It was not sent.", status_code=422)
        assertContains(response, "Long text", status_code=422)
        assert not Activity.objects.exists()

    def test_the_preview_shows_what_the_first_one_reads(self, client: Client, user: User, ann: Any) -> None:
        data = {"people": f"contact-{ann.pk}", "subject": "Hi {{first_name}}", "body": "About {{company}}"}

        answer = client.post(f"{WRITE}preview/", data, headers=HTMX)

        assertContains(answer, "Hi Ann")
        assertContains(answer, "About Acme")


class TestAnswering:
    def test_it_quotes_and_joins_the_thread(self, client: Client, user: User, ann: Any) -> None:
        email = Activity.objects.create(
            kind="email", direction="in", subject="Prices", body="How much?\n{{x}}", contact=ann,
            happened_at="2026-01-05T10:00Z",
        )  # fmt: skip
        Message.objects.create(activity=email, message_id="1@example.com", thread="0@example.com")
        Participant.objects.create(activity=email, role="from", address="ann@example.com", name="Ann", contact=ann)
        form = shown(client.get(f"{WRITE}?answer={email.pk}").context["form"])

        assert form["subject"] == ["Re: Prices"]
        assert "> How much?" in form["body"][0]
        client.post(WRITE, form | {"body": "Ten.\n" + form["body"][0]})

        headers = mail.outbox[0].extra_headers
        assert headers["In-Reply-To"] == "<1@example.com>"
        assert headers["References"] == "<0@example.com> <1@example.com>"
        assert Message.objects.get(is_sent_here=True).thread == "0@example.com"
        assertContains(client.get(f"/activities/{email.pk}/"), "Ten.")

    def test_what_one_does_not_see_is_not_quoted(self, client: Client, user: User) -> None:
        assert shown(client.get(f"{WRITE}?answer=999").context["form"])["body"] == [""]


class TestTemplates:
    @pytest.fixture
    def others(self) -> Iterator[EmailTemplate]:
        return EmailTemplate.objects.create(name="Theirs", body="Secret", owner=UserFactory())  # type: ignore[return-value]

    def test_one_is_added_changed_and_deleted(self, client: Client, user: User) -> None:
        path = "/activities/templates/"
        client.post(f"{path}new/", {"name": "Hello", "subject": "Hi", "body": "Dear {{first_name|friend}}"})
        template = EmailTemplate.objects.get()

        client.post(f"{path}{template.pk}/", {"name": "Hello all", "body": "Dear", "is_shared": "on"})
        assertContains(client.get(path), "Hello all")
        client.post(f"{path}{template.pk}/delete/")

        assert not EmailTemplate.objects.exists()

    def test_a_placeholder_that_there_is_not_is_refused_beside_its_field(self, client: Client, user: User) -> None:
        answer = client.post("/activities/templates/new/", {"name": "x", "body": "{{planet}}"})

        assert "body" in answer.context["form"].errors

    def test_others_own_ones_are_not_there_and_shared_ones_not_to_change(
        self, client: Client, user: User, others: EmailTemplate
    ) -> None:
        path = f"/activities/templates/{others.pk}/"
        assertNotContains(client.get("/activities/templates/"), "Theirs")
        assert client.get(path).status_code == 404

        EmailTemplate.objects.update(is_shared=True)
        assertContains(client.get("/activities/templates/"), "Theirs")
        assert client.post(path, {"name": "Mine", "body": "x"}).status_code == 403

    def test_inserted_it_stands_above_what_is_written(self, client: Client, user: User) -> None:
        template = EmailTemplate.objects.create(name="T", subject="Hi", body="Dear all,", owner=user)
        data = {"template": template.pk, "subject": "Mine", "body": "> quoted"}

        answer = client.post(f"{WRITE}fill/", data, headers=HTMX)

        assertContains(answer, "Dear all,\n\n&gt; quoted")
        assertContains(answer, 'value="Mine"')
