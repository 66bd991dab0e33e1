from datetime import UTC, datetime, timedelta

import pghistory
import pytest

from accounts.models import Account
from common import timeline
from common.timeline import Change, Entry, Place
from contacts import services
from contacts.models import Stage
from tests.factories import AccountFactory, ActivityFactory, ContactFactory, CustomFieldFactory, UserFactory

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def whole(record: object, size: int) -> list[Entry]:
    entries, place = timeline.entries(record, size=size)
    while place:
        more, place = timeline.entries(record, Place.read(str(place)), size=size)
        entries += more
    return entries


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
def test_paging_shows_every_entry_once_even_when_many_share_a_moment(size: int) -> None:
    contact = ContactFactory()
    for number in range(9):
        ActivityFactory(contact=contact, subject=str(number), happened_at=NOON + timedelta(days=number // 4))
    for title in "abc":
        services.update_contact(contact.pk, {"title": title})

    titles = [entry.title for entry in whole(contact, size)]

    assert len(titles) == 12
    assert len(set(titles[-9:])) == 9


def test_each_change_shows_old_and_new_values_by_name_and_who_made_it() -> None:
    user, contact = UserFactory(name="Kim"), ContactFactory(title="Buyer")
    account, stage = AccountFactory(name="Acme"), Stage.objects.get(name="Replied")
    CustomFieldFactory(key="tier", label="Tier")
    with pghistory.context(user=user.pk):
        services.update_contact(contact.pk, {"account": account, "stage": stage})
    with pghistory.context(source="Salesforce"):
        services.update_contact(contact.pk, {"title": "CEO", "custom": {"tier": "Gold"}})
    contact.refresh_from_db()

    newest, older = timeline.entries(contact)[0]

    assert list(newest.changes) == [Change("Title", "Buyer", "CEO"), Change("Tier", "", "Gold")]
    assert newest.who == "Salesforce"
    assert list(older.changes) == [Change("Account", "", "Acme"), Change("Stage", "", "Replied")]
    assert older.who == "Kim"


def test_a_source_that_fails_leaves_the_others_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    contact = ActivityFactory().contact

    def broken(*_: object) -> list[Entry]:
        raise RuntimeError

    monkeypatch.setattr(timeline, "_sources", [broken, *timeline._sources])

    assert len(timeline.entries(contact)[0]) == 1


def test_a_contact_s_activities_appear_with_its_account_too() -> None:
    account = AccountFactory()
    activity = ActivityFactory(contact=ContactFactory(account=account), account=account)

    (entry,) = timeline.entries(Account.objects.get())[0]

    assert str(activity.contact) in entry.title


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "2026-01-01,1",
        "2026-01-01T00:00:00+00:00,-1",
        "2026-99-01T00:00:00Z,0",
        f"2026-01-01T00:00:00Z,{'9' * 30}",
    ],
)
def test_a_broken_place_is_the_beginning(text: str) -> None:
    assert Place.read(text) is None


def test_the_number_of_queries_does_not_grow_with_the_history(django_assert_max_num_queries: object) -> None:
    contact = ContactFactory()
    for number in range(15):
        with pghistory.context(user=UserFactory().pk):
            services.update_contact(contact.pk, {"title": str(number), "account": AccountFactory()})
    contact.refresh_from_db()

    with django_assert_max_num_queries(7):
        assert len(timeline.entries(contact)[0]) == 15
