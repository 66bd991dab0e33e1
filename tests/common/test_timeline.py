from datetime import UTC, datetime, timedelta

import pghistory
import pytest
from django.test import Client

from accounts.models import Account
from common import timeline
from common.acting import acting_as
from common.timeline import Change, Entry, Place
from contacts import services
from contacts.models import Contact, Stage
from tests.factories import (
    AccountFactory,
    ActivityFactory,
    ContactFactory,
    CustomFieldFactory,
    JobFactory,
    UserFactory,
)

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

    assert len(titles) == 13
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

    newest, older, _ = timeline.entries(contact)[0]

    assert list(newest.changes) == [Change("Title", "Buyer", "CEO"), Change("Tier", "", "Gold")]
    assert newest.who == "Salesforce"
    assert list(older.changes) == [Change("Account", "", "Acme"), Change("Stage", "", "Replied")]
    assert older.who == "Kim"


def test_a_source_that_fails_leaves_the_others_standing(monkeypatch: pytest.MonkeyPatch) -> None:
    contact = ActivityFactory().contact

    def broken(*_: object) -> list[Entry]:
        raise RuntimeError

    monkeypatch.setattr(timeline, "_sources", [("", broken), *timeline._sources])

    assert len(timeline.entries(contact)[0]) == 2


def test_a_contact_s_activities_appear_with_its_account_too() -> None:
    account = AccountFactory()
    activity = ActivityFactory(contact=ContactFactory(account=account), account=account)

    (entry,) = timeline.entries(Account.objects.get(), group="activities")[0]

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
        assert len(timeline.entries(contact)[0]) == 16


def test_it_begins_with_how_the_record_was_made() -> None:
    (entry,) = timeline.entries(ContactFactory(origin="csv_upload"))[0]

    assert entry.title == "Added: CSV import"


def test_a_group_shows_its_own_and_nothing_else() -> None:
    contact = ActivityFactory().contact
    services.update_contact(contact.pk, {"title": "CEO"})
    contact.refresh_from_db()

    assert next(entry.title for entry in timeline.entries(contact, group="changes")[0]) == "Title changed"
    assert len(timeline.entries(contact, group="activities")[0]) == 1


def test_updates_of_what_is_not_shown_do_not_end_the_timeline() -> None:
    contact = ContactFactory()
    services.update_contact(contact.pk, {"title": "CEO"})
    for number in range(30):
        Contact.objects.filter(pk=contact.pk).update(crm_id=f"{number:018}")
    contact.refresh_from_db()

    assert [entry.title for entry in whole(contact, 5)] == ["Title changed", "Added: Made by hand"]


def test_a_change_names_the_job_it_was_part_of_and_why_it_was_made() -> None:
    user = UserFactory()
    contact, job = ContactFactory(), JobFactory(title="Owner of 3 contacts", user=user)
    with pghistory.context(user=user.pk, job=job.pk, rule="Because."):
        services.update_contact(contact.pk, {"title": "CEO"})
    contact.refresh_from_db()

    with acting_as(user):
        mine = timeline.entries(contact)[0][0]
    others = timeline.entries(contact)[0][0]

    assert (mine.run, mine.run_url, mine.rule) == ("Owner of 3 contacts", f"/jobs/{job.pk}/", "Because.")
    assert (others.run, others.run_url) == ("Owner of 3 contacts", "")


class TestFieldHistory:
    def test_it_shows_every_change_or_those_of_one_line(self, client: Client) -> None:
        client.force_login(UserFactory(name="Kim"))
        CustomFieldFactory(key="tier", label="Tier")
        contact = ContactFactory(title="Buyer", city="Bonn")
        place = f"/records/contact/{contact.pk}/history/"
        for changes in ({"title": "CEO"}, {"city": "Ulm"}, {"custom": {"tier": "Gold"}}, {"title": "CTO"}):
            services.update_contact(contact.pk, changes)

        def told(field: str = "") -> list[str]:
            edits = client.get(place, {"field": field}).context["edits"]
            return [f"{change.label} {change.new}" for edit in edits for change in edit.changes]

        assert told() == ["Title CTO", "Tier Gold", "City Ulm", "Title CEO"]
        assert told("title") == ["Title CTO", "Title CEO"]
        assert told("custom_tier") == ["Tier Gold"]
        assert told("street") == ["City Ulm"]
        assert told("nonsense") == told()

    def test_older_ones_stand_on_pages_of_their_own(self, client: Client) -> None:
        client.force_login(UserFactory())
        contact = ContactFactory()
        for number in range(53):
            services.update_contact(contact.pk, {"title": str(number)})
        place = f"/records/contact/{contact.pk}/history/"

        first = client.get(place)
        second = client.get(place, {"before": first.context["next"]})

        told = [edit.changes[0].new for page in (first, second) for edit in page.context["edits"]]
        assert told == [str(number) for number in reversed(range(53))]
        assert second.context["next"] is None
        assert client.get(place, {"before": "x"}).context["edits"] == first.context["edits"]
