"""Filters, orders and pages of the REST API's lists."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from activities.models import Activity
from contacts.models import Contact, Stage
from integrations.salesforce.ids import to_18
from tests.api.conftest import V1, Api
from tests.factories import (
    AccountFactory,
    ActivityFactory,
    ContactFactory,
    DealFactory,
    TaskFactory,
    UserFactory,
)
from tests.pages import CaptureQueries

pytestmark = pytest.mark.django_db

LINKED = "0035g00000XyZabAAF"


def test_ids_of_15_characters_become_18() -> None:
    assert to_18("001D000000IqhSL") == "001D000000IqhSLIAZ"
    assert to_18(" 0035g00000XyZab ") == LINKED
    assert to_18(LINKED) == LINKED
    assert to_18("no id") == "no id"


@pytest.mark.parametrize(
    "query",
    [
        {"synced": "true"},
        {"email": "OLD@acme.EXAMPLE"},
        {"email": "Main@Acme.example"},
        {"crm_id": LINKED},
        {"crm_id": LINKED[:15]},
        {"q": "main acme"},
        {"origin": "prospecting"},
        {"owner": "boss@example.com"},
        {"stage": "replied"},
        {"has_email": "true", "synced": "yes"},
    ],
)
def test_a_filter_finds_the_one(api: Api, query: dict[str, str]) -> None:
    ContactFactory.create_batch(2, email="")
    one = ContactFactory(
        email="main@acme.example",
        other_emails=["old@acme.example"],
        crm_id=LINKED,
        origin="prospecting",
        owner=UserFactory(email="boss@example.com"),
        stage=Stage.objects.get_or_create(name="Replied")[0],
    )

    assert api.ids("contacts", **query) == [one.pk]


def test_filters_by_id_and_by_no_crm_id(api: Api) -> None:
    owner, stage, account = UserFactory(), Stage.objects.first(), AccountFactory()
    linked = ContactFactory(crm_id=LINKED, owner=owner, stage=stage, account=account)
    other = ContactFactory()

    for query in ({"owner": owner.pk}, {"stage": stage.pk}, {"account": account.pk}):
        assert api.ids("contacts", **query) == [linked.pk]
    assert api.ids("contacts", synced="false") == [other.pk]


def test_what_changed_since_is_found(api: Api) -> None:
    old, new = ContactFactory(), ContactFactory()
    then = timezone.now() - timedelta(days=2)
    Contact.objects.filter(pk=old.pk).update(created_at=then, updated_at=then)
    yesterday = (timezone.now() - timedelta(days=1)).isoformat()

    assert api.ids("contacts", updated_after=yesterday) == [new.pk]
    assert api.ids("contacts", created_after=yesterday) == [new.pk]
    assert set(api.ids("contacts", updated_after=then.isoformat())) == {old.pk, new.pk}


def test_deals_and_accounts_have_filters_of_their_own(api: Api) -> None:
    account = AccountFactory(website="acme.example")
    deal = DealFactory(account=account)
    DealFactory()

    assert api.ids("accounts", domain="ACME.example") == [account.pk]
    assert api.ids("deals", account=account.pk, open="true", stage=deal.stage.name) == [deal.pk]


def test_orders_both_ways(api: Api) -> None:
    for name in ("Cee", "Aye", "Bee"):
        ContactFactory(last_name=name, first_name="")

    def names(ordering: str) -> list[str]:
        return [row["last_name"] for row in api.page("contacts", ordering=ordering)["results"]]

    assert names("name") == ["Aye", "Bee", "Cee"]
    assert names("-name") == ["Cee", "Bee", "Aye"]
    assert names("created_at") == ["Cee", "Aye", "Bee"]
    assert names("") == ["Bee", "Aye", "Cee"]


@pytest.mark.parametrize("ordering", ["-created_at", "created_at", "name", "-updated_at"])
def test_a_walk_through_the_pages_meets_every_row_once(api: Api, ordering: str) -> None:
    ContactFactory.create_batch(11, last_name="Same")
    Contact.objects.update(created_at=timezone.now(), updated_at=timezone.now())

    met, address = [], f"{V1}contacts/?limit=3&ordering={ordering}&has_email=true"
    while address:
        page = api.get(address).json()
        met += [row["id"] for row in page["results"]]
        address = page["next"]

    assert sorted(met) == sorted(Contact.objects.values_list("pk", flat=True))
    assert len(met) == len(set(met)) == 11


def test_the_way_back_is_the_way_there(api: Api) -> None:
    ContactFactory.create_batch(5)
    first = api.page("contacts", limit=2)

    second = api.get(first["next"]).json()

    assert api.get(second["previous"]).json()["results"] == first["results"]


@pytest.mark.parametrize("resource", ["contacts", "accounts", "deals", "activities"])
def test_a_long_list_costs_the_queries_of_a_short_one(api: Api, resource: str) -> None:
    factories = {
        "contacts": lambda: ContactFactory(owner=UserFactory(), account=AccountFactory(), stage=Stage.objects.first()),
        "accounts": lambda: AccountFactory(owner=UserFactory(), parent=AccountFactory()),
        "deals": lambda: DealFactory(owner=UserFactory(), account=AccountFactory()),
        "activities": lambda: ActivityFactory(owner=UserFactory()),
    }

    def queries() -> int:
        with CaptureQueries() as captured:
            api.page(resource)
        return len(captured)

    factories[resource]()
    few = queries()
    for _ in range(12):
        factories[resource]()

    assert queries() == few <= 9


def test_activities_belong_to_somebody(api: Api) -> None:
    contact = ContactFactory(account=AccountFactory())

    row = api.make("activities", kind="call", subject="Hello", contact=contact.pk, happened_at="2026-01-02T03:04:05Z")

    assert (row["owner"], row["origin"], row["account"]) == (api.user.pk, "api", contact.account.pk)
    assert row["happened_at"] == "2026-01-02T03:04:05Z"
    assert api.ids("activities", contact=contact.pk, kind="call") == [row["id"]]
    assert api.refused("activities", kind="note")["non_field_errors"]
    assert api.patch(f"{V1}activities/{row['id']}/", {"contact": None, "account": None}).status_code == 400
    assert api.patch(f"{V1}activities/{row['id']}/", {"kind": "note"}).status_code == 400


def test_open_tasks_are_found_and_completed(api: Api) -> None:
    task, done = TaskFactory(), TaskFactory(completed_at=timezone.now())
    ActivityFactory()

    assert api.ids("activities", open="true") == [task.pk]
    api.change("activities", task.pk, completed_at="2026-01-02T03:04:05Z")

    assert api.ids("activities", open="true") == []
    assert Activity.objects.exclude(completed_at=None).count() == 2
    assert api.delete(f"{V1}activities/{done.pk}/").status_code == 204


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "9" * 5_000},
        {"updated_after": "1375-08-15T22:57:25.542571-16:59"},
        {"updated_after": "2026-01-02"},
        {"q": "!" * 1_000},
        {"q": "x" * 10_000},
        {"email": "'; DROP TABLE contacts_contact --"},
        {"crm_id": "%"},
        {"format": "json"},
        {"stage": ""},
    ],
)
def test_an_odd_filter_finds_what_there_is(api: Api, query: dict[str, str]) -> None:
    ContactFactory()

    assert len(api.page("contacts", **query)["results"]) in (0, 1)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({"sinced": "true"}, "sinced"),
        ({"owner": "99999999"}, "owner"),
        ({"owner": "9" * 40}, "owner"),
        ({"owner": "9" * 5_000}, "owner"),
        ({"account": "9" * 5_000}, "account"),
        ({"limit": "9" * 5_000 + "x"}, "limit"),
        ({"stage": "No such stage"}, "stage"),
        ({"account": "99999999"}, "account"),
        ({"account": "x"}, "account"),
        ({"origin": "nowhere"}, "origin"),
        ({"synced": "perhaps"}, "synced"),
        ({"updated_after": "yesterday"}, "updated_after"),
        ({"updated_after": "0001-01-01T00:00:00+14:00"}, "updated_after"),
        ({"ordering": "password"}, "ordering"),
        ({"limit": "many"}, "limit"),
        ({"q": "a\x00b"}, "q"),
        ({"stage": "a\x00b"}, "stage"),
        ({"crm_id": "a\x00b"}, "crm_id"),
    ],
)
def test_a_filter_that_makes_no_sense_is_refused_by_name(api: Api, query: dict[str, Any], field: str) -> None:
    answer = api.get(f"{V1}contacts/", query)

    assert answer.status_code == 400, answer.content
    assert answer.json()["errors"][field]


def test_a_foreign_cursor_is_not_found(api: Api) -> None:
    answer = api.get(f"{V1}contacts/?after=nonsense")

    assert answer.status_code == 404
    assert "cursor" in answer.json()["detail"]
