"""Several people in one activity: who sees it where, and what becomes of it when one of them goes."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from activities.models import Activity, Participant
from activities.people import PeopleChange, contacts_of, people_of
from activities.services import create_activity, update_activity
from common import erasing, merging, timeline, trash
from common.acting import acting_as
from common.models import Origin
from common.visibility import let_see_pulled
from contacts.models import Contact
from contacts.services import delete_contact
from tests.factories import AccountFactory, ContactFactory, DealFactory, UserFactory
from tests.pages import CaptureQueries, shown
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


@pytest.fixture
def ann() -> Contact:
    return ContactFactory(first_name="Ann", account=AccountFactory())


@pytest.fixture
def bob() -> Contact:
    return ContactFactory(first_name="Bob")


@pytest.fixture
def call(ann: Contact, bob: Contact) -> Activity:
    return create_activity(kind="call", subject="Prices", contacts=[ann, bob])


def titles(record: Any) -> list[str]:
    return [entry.title for entry in timeline.entries(record, group="activities")[0]]


class TestTimelines:
    def test_it_stands_in_the_timeline_of_each_and_once(self, call: Activity, ann: Contact, bob: Contact) -> None:
        Participant.objects.create(activity=call, role="with", contact=ann)  # as a merge leaves it

        assert titles(ann) == [f"Call: Prices ({bob})"]
        assert titles(bob) == [f"Call: Prices ({ann})"]

    def test_a_page_of_it_is_in_order_and_goes_on_where_it_ended(self, ann: Contact, bob: Contact) -> None:
        for number in range(12):
            create_activity(kind="note", subject=f"N{number}", contacts=[ann, bob] if number % 2 else [bob, ann])

        first, place = timeline.entries(ann, size=5, group="activities")
        second, _ = timeline.entries(ann, place, size=50, group="activities")

        assert len({entry.url for entry in (*first, *second)}) == 12
        assert [e.at for e in first] == sorted((e.at for e in first), reverse=True)

    def test_its_queries_do_not_grow(self, ann: Contact, bob: Contact) -> None:
        create_activity(kind="note", contacts=[ann, bob])
        with CaptureQueries() as few:
            titles(ann)
        for _ in range(5):
            create_activity(kind="note", contacts=[ann, bob, ContactFactory()])
        with CaptureQueries() as many:
            titles(ann)

        assert len(many) == len(few)


class TestChanging:
    def test_who_comes_and_goes_leaves_what_others_changed(self, call: Activity, ann: Contact, bob: Contact) -> None:
        cy, kim = ContactFactory(), UserFactory()

        update_activity(call.pk, {"people": PeopleChange(added=[cy, kim], removed=[ann])})

        call = Activity.objects.get()
        assert call.contact == bob
        assert people_of(call) == [bob, cy, kim]

    def test_all_of_them_can_be_given_in_their_order(self, call: Activity, ann: Contact, bob: Contact) -> None:
        update_activity(call.pk, {"contacts": [bob, ann]})

        assert contacts_of(Activity.objects.get()) == [bob, ann]

    def test_an_address_stays_when_its_contact_goes(self, ann: Contact, bob: Contact) -> None:
        email = create_activity(kind="email", contacts=[ann])
        Participant.objects.create(activity=email, role="to", address="bob@example.com", contact=bob)

        update_activity(email.pk, {"people": PeopleChange(removed=[bob])})

        assert Participant.objects.get().address == "bob@example.com"
        assert contacts_of(Activity.objects.get()) == [ann]

    def test_one_about_nothing_is_refused_beside_its_field(self, client: Client, ann: Contact) -> None:
        client.force_login(UserFactory())
        note = create_activity(kind="note", body="x", contact=ContactFactory(account=None))
        path = f"/activities/{note.pk}/"

        answer = client.post(path, shown(client.get(path).context["form"]) | {"people": []})

        assert answer.status_code == 422
        assert "people" in answer.context["form"].errors

    def test_two_who_edit_at_once_lose_nothing(self, client: Client, call: Activity, ann: Contact) -> None:
        client.force_login(UserFactory())
        path = f"/activities/{call.pk}/"
        form = shown(client.get(path).context["form"])
        cy, di = ContactFactory(), ContactFactory()

        update_activity(call.pk, {"people": PeopleChange(added=[cy], removed=[ann])})
        client.post(path, form | {"people": [*form["people"], f"contact-{di.pk}"], "outcome": "Busy"})

        call = Activity.objects.get()
        assert {cy, di} < set(contacts_of(call))
        assert ann not in contacts_of(call)
        assert call.outcome == "Busy"


class TestVisibility:
    @pytest.fixture
    def kim(self) -> User:
        return UserFactory()

    @pytest.fixture(autouse=True)
    def kept_to_owners(self) -> None:
        let_see_pulled("owners")

    def seen(self, user: User) -> bool:
        return Activity.objects.visible_to(user).exists()

    def theirs(self) -> Contact:
        return ContactFactory(origin=Origin.CRM_PULL, owner=UserFactory())

    def test_of_several_contacts_it_is_enough_to_see_one(self, kim: User, bob: Contact) -> None:
        create_activity(kind="note", contacts=[self.theirs(), bob], owner=None)

        assert self.seen(kim)

    def test_who_sees_none_of_them_does_not_see_it(self, kim: User) -> None:
        create_activity(kind="note", contacts=[self.theirs(), self.theirs()], owner=None)

        assert not self.seen(kim)

    def test_a_deal_decides_by_itself(self, kim: User, bob: Contact) -> None:
        deal = DealFactory(origin=Origin.CRM_PULL, owner=UserFactory())
        create_activity(kind="note", contacts=[bob], deal=deal, owner=None)

        assert not self.seen(kim)

    def test_a_teammate_who_takes_part_sees_it(self, kim: User) -> None:
        create_activity(kind="meeting", people=PeopleChange(added=[self.theirs(), kim]), owner=None)

        assert self.seen(kim)

    def test_nobody_attaches_whom_they_do_not_see(self, client: Client, kim: User, bob: Contact) -> None:
        client.force_login(kim)
        path = f"/activities/of/contact/{bob.pk}/add/note/"
        form = shown(client.get(path, headers=HTMX).context["form"])

        answer = client.post(path, form | {"body": "x", "people": [f"contact-{self.theirs().pk}"]}, headers=HTMX)

        assert answer.status_code == 422
        assert not Activity.objects.exists()

    def test_the_picker_finds_nobody_else(self, client: Client, kim: User) -> None:
        client.force_login(kim)
        hidden, found = self.theirs(), ContactFactory(last_name="Findable")
        query = {"name": "people", "q": "Find", "people": [f"contact-{hidden.pk}"]}

        answer = client.get("/activities/people/", query).content.decode()

        assert f'value="contact-{found.pk}"' in answer
        assert f"contact-{hidden.pk}" not in answer


class TestGoing:
    def test_what_was_done_together_stays_with_the_others(self, call: Activity, ann: Contact, bob: Contact) -> None:
        delete_contact(ann.pk)

        assert contacts_of(Activity.objects.get()) == [bob]

    def test_who_is_restored_takes_part_again(self, call: Activity, ann: Contact, bob: Contact) -> None:
        delete_contact(ann.pk)
        trash.restore("contact", ann.pk)

        assert set(contacts_of(Activity.objects.get())) == {ann, bob}

    def test_a_deletion_by_another_way_takes_it_along_until_restored(self, call: Activity, ann: Contact) -> None:
        ann.delete()
        assert not Activity.objects.exists()

        trash.restore("contact", call.contact_id)
        assert len(contacts_of(Activity.objects.get())) == 2

    @pytest.mark.parametrize("path", ["{pk}/delete/", ""])
    def test_admin_deletes_as_our_own_pages_do(
        self, admin_client: Client, call: Activity, ann: Contact, path: str
    ) -> None:
        form = {"post": "yes", "action": "delete_selected", "_selected_action": [ann.pk]}

        admin_client.post(reverse("admin:contacts_contact_changelist") + path.format(pk=ann.pk), form)

        assert not Contact.objects.filter(pk=ann.pk).exists()
        assert call.pk == Activity.objects.get().pk
        trash.restore("contact", ann.pk)
        assert len(contacts_of(Activity.objects.get())) == 2

    def test_of_many_that_go_at_once_each_finds_its_heir(self, ann: Contact, bob: Contact) -> None:
        cy = ContactFactory()
        create_activity(kind="note", contacts=[ann, bob, cy])
        alone = create_activity(kind="note", contacts=[bob])

        trash.delete_records(Contact, [ann.pk, bob.pk])

        assert Activity.objects.get().contact == cy
        assert not Activity.objects.filter(pk=alone.pk).exists()

    def test_a_merge_brings_them_together_and_apart(self, call: Activity, ann: Contact, bob: Contact) -> None:
        merging.merge(ann, bob)
        assert contacts_of(Activity.objects.get()) == [ann]
        assert len(titles(ann)) == 1

        merging.undo("contact", bob.pk)
        assert contacts_of(Activity.objects.get()) == [ann, bob]

    def test_an_erased_person_leaves_no_address(self, ann: Contact, bob: Contact) -> None:
        email = create_activity(kind="email", contacts=[bob, ann])
        Participant.objects.create(activity=email, role="to", address="ann@example.com", name="Ann", contact=ann)

        with acting_as(None):
            erasing.erase("contact", ann.pk, elsewhere=False)

        assert Activity.objects.exists()
        assert not Participant.objects.filter(address="ann@example.com").exists()
