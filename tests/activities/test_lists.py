"""Static lists: pages, the card on a record's page, merges and deletions of what is on them."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from activities.lists import services
from activities.models import ListMember, RecordList
from common import merging, trash
from common.models import Origin, Record, Workspace
from common.visibility import let_see_pulled
from tests.factories import (
    AccountFactory,
    AdminFactory,
    ContactFactory,
    DealFactory,
    RecordListFactory,
    UserFactory,
)
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true"}


def on(present: RecordList) -> list[int]:
    return sorted(member.record_id for member in present.members.all())


def put(present: RecordList, *records: Record) -> int:
    return services.add_to_list(present, [record.pk for record in records], user=None)


class TestAdding:
    def test_a_record_is_on_a_list_once(self) -> None:
        present, ann, bob = RecordListFactory(), ContactFactory(), ContactFactory()

        assert put(present, ann) == 1
        assert put(present, ann, bob) == 1
        assert on(present) == [ann.pk, bob.pk]

    @pytest.mark.parametrize(("kind", "factory"), [("account", AccountFactory), ("deal", DealFactory)])
    def test_lists_hold_companies_and_deals_too(self, kind: str, factory: type) -> None:
        present, record = RecordListFactory(record_kind=kind), factory()

        put(present, record)

        assert list(present.records(None)) == [record]

    def test_all_or_none_when_one_is_not_there(self) -> None:
        present, ann = RecordListFactory(), ContactFactory()

        with pytest.raises(ValidationError, match="999"):
            services.add_to_list(present, [ann.pk, 999], user=None)

        assert on(present) == []

    def test_nobody_adds_what_they_do_not_see(self) -> None:
        hidden = ContactFactory(origin=Origin.CRM_PULL, owner=UserFactory())
        let_see_pulled(Workspace.SeenBy.OWNERS)

        with pytest.raises(ValidationError):
            services.add_to_list(RecordListFactory(), [hidden.pk], user=UserFactory())

    def test_adding_many_costs_what_adding_one_costs(self) -> None:
        present, one, many = RecordListFactory(), ContactFactory(), [ContactFactory() for _ in range(30)]
        with CaptureQueries() as few:
            put(present, one)
        with CaptureQueries() as more:
            put(present, *many)

        assert len(more) == len(few)


class TestPages:
    def test_a_list_is_made_and_its_maker_owns_it(self, client: Client, user: User) -> None:
        response = client.post("/lists/new/", {"name": " Fair 2027 ", "record_kind": "contact"})

        present = RecordList.objects.get()
        assertRedirects(response, present.get_absolute_url())
        assert (present.name, present.owner) == ("Fair 2027", user)

    def test_a_name_is_taken_once_for_each_kind(self, client: Client, user: User) -> None:
        RecordListFactory(name="Fair")

        response = client.post("/lists/new/", {"name": "FAIR", "record_kind": "contact"})

        assertContains(response, "There is a list of this name already.", status_code=422)
        assert client.post("/lists/new/", {"name": "FAIR", "record_kind": "account"}).status_code == 302

    def test_the_overview_counts_and_searches(self, client: Client, user: User) -> None:
        put(RecordListFactory(name="Fair"), ContactFactory(), ContactFactory())
        RecordListFactory(name="Webinar")

        assertContains(client.get("/lists/"), "2 contacts")
        found = client.get("/lists/", {"q": "fai"}, headers=HTMX)
        assertContains(found, "Fair")
        assertNotContains(found, "Webinar")

    def test_the_overview_costs_the_same_for_many_lists(self, client: Client, user: User) -> None:
        RecordListFactory(owner=user)
        client.get("/lists/")
        with CaptureQueries() as few:
            client.get("/lists/")
        for _ in range(20):
            put(RecordListFactory(owner=UserFactory()), ContactFactory())
        with CaptureQueries() as many:
            client.get("/lists/")

        assert len(many) == len(few)

    def test_a_list_shows_its_records_and_lets_go_of_one(self, client: Client, user: User) -> None:
        present, ann, bob = RecordListFactory(), ContactFactory(last_name="Stays"), ContactFactory(last_name="Goes")
        put(present, ann, bob)
        assertContains(client.get(present.get_absolute_url()), "Goes")

        response = client.post(present.get_absolute_url(), {"off": bob.pk}, headers=HTMX)

        assertNotContains(response, "Goes")
        assertContains(response, "1 contact")
        assert on(present) == [ann.pk]

    def test_a_list_costs_the_same_for_many_records(self, client: Client, user: User) -> None:
        present = RecordListFactory()
        put(present, ContactFactory(account=AccountFactory(), owner=user))
        client.get(present.get_absolute_url())
        with CaptureQueries() as few:
            client.get(present.get_absolute_url())
        put(present, *(ContactFactory(account=AccountFactory(), owner=UserFactory()) for _ in range(20)))
        with CaptureQueries() as many:
            client.get(present.get_absolute_url())

        assert len(many) == len(few)

    def test_a_record_is_chosen_on_the_list_s_page(self, client: Client, user: User) -> None:
        present, ann = RecordListFactory(), ContactFactory()
        path = f"{present.get_absolute_url()}add/"

        assertContains(client.post(path, {"record": "999"}), "not there any more", status_code=422)
        assertRedirects(client.post(path, {"record": ann.pk}), present.get_absolute_url())
        assert on(present) == [ann.pk]

    def test_only_the_owner_and_admins_rename_and_delete(self, client: Client, user: User) -> None:
        others, own = RecordListFactory(owner=UserFactory()), RecordListFactory(owner=user)

        for place in ("edit/", "delete/"):
            assert client.get(f"{others.get_absolute_url()}{place}").status_code == 403
            assert client.post(f"{others.get_absolute_url()}{place}", {"name": "Mine"}).status_code == 403
        client.post(f"{own.get_absolute_url()}edit/", {"name": "Renamed", "description": ""})
        own.refresh_from_db()
        assert own.name == "Renamed"
        client.force_login(AdminFactory())
        client.post(f"{others.get_absolute_url()}delete/")
        assert list(RecordList.objects.all()) == [own]

    def test_a_deleted_list_leaves_its_records(self, client: Client, user: User) -> None:
        present, ann = RecordListFactory(owner=user), ContactFactory()
        put(present, ann)

        client.post(f"{present.get_absolute_url()}delete/")

        ann.refresh_from_db()
        assert not ListMember.objects.exists()


class TestCard:
    def test_a_record_joins_the_list_that_is_named(self, client: Client, user: User) -> None:
        ann, present = ContactFactory(), RecordListFactory(name="Fair")
        path = f"/lists/of/contact/{ann.pk}/"
        assertContains(client.get(ann.get_absolute_url()), "Fair")

        client.post(path, {"name": "fair"}, headers=HTMX)
        client.post(path, {"name": "Webinar"}, headers=HTMX)

        assert on(present) == on(RecordList.objects.get(name="Webinar")) == [ann.pk]

    def test_an_account_does_not_join_a_list_of_contacts(self, client: Client, user: User) -> None:
        RecordListFactory(name="Fair")
        account = AccountFactory()

        client.post(f"/lists/of/account/{account.pk}/", {"name": "Fair"}, headers=HTMX)

        assert RecordList.objects.filter(name="Fair", record_kind="account").exists()

    def test_an_empty_name_is_refused_beside_its_field(self, client: Client, user: User) -> None:
        response = client.post(f"/lists/of/contact/{ContactFactory().pk}/", {"name": "  "}, headers=HTMX)

        assertContains(response, "Type the name of a list.", status_code=422)
        assert not RecordList.objects.exists()

    def test_a_record_is_taken_off(self, client: Client, user: User) -> None:
        ann, present = ContactFactory(), RecordListFactory()
        put(present, ann)

        response = client.post(f"/lists/of/contact/{ann.pk}/", {"off": present.pk}, headers=HTMX)

        assertNotContains(response, "Take off")
        assert on(present) == []


class TestFates:
    def test_of_two_merged_records_the_one_that_stays_is_on_the_lists_of_both(self) -> None:
        keep, other = ContactFactory(), ContactFactory()
        both, others = RecordListFactory(), RecordListFactory()
        put(both, keep, other)
        put(others, other)

        merging.merge(keep, other)
        assert on(both) == on(others) == [keep.pk]

        merging.undo("contact", other.pk)
        assert on(both) == [keep.pk, other.pk]
        assert on(others) == [other.pk]

    def test_a_restored_record_is_on_its_lists_again(self) -> None:
        ann, present = ContactFactory(), RecordListFactory()
        put(present, ann)

        trash.delete_records(type(ann), [ann.pk])
        assert on(present) == []
        trash.restore("contact", ann.pk)

        assert on(present) == [ann.pk]
