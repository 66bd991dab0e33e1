"""Applying a mapping to the records that were linked before it."""

from typing import Any

import pghistory
import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import Contact
from integrations import aligning, tasks
from integrations.models import Alignment, Connection, FieldMapping, Outbox, RecordLink, Run, SyncEvent
from integrations.services import Refused, skip
from integrations.sync import alignment
from tests.conftest import pull_all, push_all
from tests.factories import UserFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
How = Alignment.How
HERE, THERE, BOTH_EMPTY, DIFFERENT = range(4)


@pytest.fixture
def people(synced: Connection, org: Org) -> list[Contact]:
    """Linked contacts whose headline was mapped just now: only here, only there, nowhere, different."""
    contacts = list(Contact.objects.filter(crm_object="Contact").order_by("pk")[:4])
    for contact in Contact.objects.filter(crm_object="Contact"):
        org.update("Contact", contact.crm_id, Description=None)
    for number, (ours, theirs) in enumerate([("Here", ""), ("", "There"), ("", ""), ("Ours", "Theirs")]):
        with pghistory.context(source="Salesforce"):  # no edit that the sweep would find unsent
            Contact.objects.filter(pk=contacts[number].pk).update(headline=ours)
        org.update("Contact", contacts[number].crm_id, Description=theirs or None)
    pull_all()
    FieldMapping.objects.create(
        connection=synced,
        record_kind="contact",
        remote_object="Contact",
        field="headline",
        remote_field="Description",
        winner="theirs",
        is_compared=False,
    )
    return contacts


def ours(people: list[Contact]) -> list[str]:
    return [Contact.objects.get(pk=contact.pk).headline for contact in people]


def theirs(people: list[Contact], org: Org) -> list[str | None]:
    return [org.get("Contact", contact.crm_id)["Description"] for contact in people]


def apply(connection: Connection, admin: User, how: str) -> Run:
    started = aligning.start(connection, "Contact", ["headline"], how, admin)
    tasks.align_records()
    push_all()
    tasks.tick()
    return Run.objects.get(pk=started.run_id)


def test_until_it_is_applied_a_newly_mapped_field_is_not_compared(people: list[Contact], org: Org) -> None:
    org.update("Contact", people[DIFFERENT].crm_id, Title="Touched")
    pull_all()
    push_all()

    assert ours(people) == ["Here", "", "", "Ours"]
    assert theirs(people, org) == [None, "There", None, "Theirs"]


def test_taking_over_fills_and_replaces_ours_and_empties_nothing(
    people: list[Contact], org: Org, synced: Connection, admin: User
) -> None:
    run = apply(synced, admin, How.TAKE)

    assert ours(people) == ["Here", "There", "", "Theirs"]
    assert theirs(people, org) == [None, "There", None, "Theirs"]
    assert (run.state, run.updated, run.looked_at) == (Run.State.DONE, 2, run.total)
    assert SyncEvent.objects.filter(run=run, kind=SyncEvent.Kind.PULLED).count() == 2


def test_filling_writes_only_where_salesforce_has_nothing(
    people: list[Contact], org: Org, synced: Connection, admin: User
) -> None:
    run = apply(synced, admin, How.FILL)

    assert ours(people) == ["Here", "", "", "Ours"]
    assert theirs(people, org) == ["Here", "There", None, "Theirs"]
    assert (run.state, run.updated, run.looked_at) == (Run.State.DONE, 1, run.total)


@pytest.mark.parametrize(("winner", "kept"), [("theirs", "Theirs"), ("ours", "Ours")])
def test_by_rule_both_sides_are_filled_and_the_winner_is_kept(
    winner: str, kept: str, people: list[Contact], org: Org, synced: Connection, admin: User
) -> None:
    FieldMapping.objects.filter(field="headline").update(winner=winner)

    run = apply(synced, admin, How.RULE)

    assert ours(people) == ["Here", "There", "", kept]
    assert theirs(people, org) == ["Here", "There", None, kept]
    assert (run.conflicts, run.looked_at) == (1, run.total)
    assert FieldMapping.objects.get(field="headline").is_compared


def test_once_applied_changes_move_and_nothing_echoes(
    people: list[Contact], org: Org, synced: Connection, admin: User
) -> None:
    apply(synced, admin, How.RULE)
    assert not Outbox.objects.exists()

    org.update("Contact", people[HERE].crm_id, Description="Newer")
    pull_all()

    assert ours(people)[HERE] == "Newer"
    assert not Outbox.objects.exists()


def test_the_forecast_counts_what_would_be_written_and_writes_nothing(
    people: list[Contact], org: Org, synced: Connection
) -> None:
    org.forget_calls()
    told = aligning.forecast(synced, "Contact", ["headline"], How.RULE)

    assert (told.here, told.there, told.conflicts, told.is_estimate) == (2, 1, 1, False)
    assert {"Headline": ("Ours", "Theirs")} in [sample.here for sample in told.samples]
    assert sum(org.calls().values()) == 1
    assert ours(people) == ["Here", "", "", "Ours"]
    assert not Outbox.objects.exists()


def test_of_very_many_records_a_part_is_looked_at_and_said_so(
    people: list[Contact], synced: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aligning, "SAMPLE", 5)

    told = aligning.forecast(synced, "Contact", ["headline"], How.RULE)

    assert 0 < told.looked_at <= 5
    assert told.is_estimate


def test_what_was_killed_goes_on_where_it_was(
    people: list[Contact], synced: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aligning, "CHUNK", 3)
    started = aligning.start(synced, "Contact", ["headline"], How.TAKE, admin)
    real, calls = alignment.align, []

    def killed(*arguments: Any) -> None:
        calls.append(arguments)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(*arguments)

    monkeypatch.setattr(aligning, "align", killed)
    with pytest.raises(KeyboardInterrupt):
        tasks.align_records()
    started.refresh_from_db()
    assert started.after

    tasks.align_records()
    run = Run.objects.get(pk=started.run_id)
    assert ours(people) == ["Here", "There", "", "Theirs"]
    assert (run.state, run.looked_at) == (Run.State.DONE, run.total)


def test_a_cancelled_one_writes_no_more(people: list[Contact], synced: Connection, admin: User) -> None:
    started = aligning.start(synced, "Contact", ["headline"], How.TAKE, admin)
    aligning.cancel(started)
    tasks.align_records()

    assert ours(people) == ["Here", "", "", "Ours"]
    assert Run.objects.get(pk=started.run_id).state == Run.State.CANCELLED
    assert not FieldMapping.objects.get(field="headline").is_compared


def test_a_second_click_starts_nothing_and_another_wish_is_refused(
    people: list[Contact], synced: Connection, admin: User
) -> None:
    first = aligning.start(synced, "Contact", ["headline"], How.TAKE, admin)

    assert aligning.start(synced, "Contact", ["headline"], How.TAKE, admin) == first
    with pytest.raises(Refused, match="being applied"):
        aligning.start(synced, "Contact", ["headline"], How.FILL, admin)


def test_it_stops_when_it_would_change_far_more_than_was_shown(
    people: list[Contact], synced: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(aligning, "CHUNK", 2)
    started = aligning.start(synced, "Contact", ["headline"], How.TAKE, admin, shown=0)
    tasks.align_records()

    run = Run.objects.get(pk=started.run_id)
    assert run.state == Run.State.INCOMPLETE
    assert "over a tenth more" in run.message
    assert run.updated < 2


def test_a_record_that_is_kept_out_stays_as_it_is(people: list[Contact], synced: Connection, admin: User) -> None:
    skip(people[DIFFERENT], admin)

    run = apply(synced, admin, How.TAKE)

    assert ours(people)[DIFFERENT] == "Ours"
    assert run.skipped == 1


def test_while_salesforce_does_not_answer_it_waits(
    people: list[Contact], org: Org, synced: Connection, admin: User
) -> None:
    aligning.start(synced, "Contact", ["headline"], How.TAKE, admin)
    org.faults({"match": {"path": "composite/sobjects"}, "do": "status", "status": 503, "times": None})
    tasks.align_records()
    assert ours(people)[THERE] == ""

    org.faults()
    Connection.objects.update(paused_until=None)
    tasks.align_records()
    assert ours(people)[THERE] == "There"


def test_a_chunk_costs_the_same_however_many_records_it_has(
    people: list[Contact], synced: Connection, admin: User, django_assert_max_num_queries: Any
) -> None:
    aligning.start(synced, "Contact", ["headline"], How.RULE, admin)

    with django_assert_max_num_queries(60):
        tasks.align_records()
    assert RecordLink.objects.filter(remote_object="Contact", base__has_key="Description").count() == 20


def test_before_syncing_starts_there_is_nothing_to_apply(connection: Connection) -> None:
    with pytest.raises(Refused, match="setup window"):
        aligning.start(connection, "Contact", ["phone"], How.TAKE, UserFactory())


def page_of(client: Client) -> str:
    return reverse("integrations:alignment", args=["Contact"])


def test_the_page_shows_what_it_would_do_and_then_begins(
    people: list[Contact], synced: Connection, admin: User, client: Client
) -> None:
    client.force_login(admin)
    asked = client.get(page_of(client), {"how": "take"}).content.decode()
    client.post(page_of(client), {"how": "take", "shown": "2"})
    under_way = client.get(page_of(client)).content.decode()
    tasks.align_records()

    assert "<strong>2</strong> would change in Tandem" in asked
    assert "0 of 20 records" in under_way
    assert ours(people) == ["Here", "There", "", "Theirs"]
    assert "Nothing waits" in client.get(page_of(client)).content.decode()


def test_members_neither_see_nor_begin_it(connection: Connection, client: Client) -> None:
    client.force_login(UserFactory())

    assert client.get(page_of(client)).status_code == 403
    assert client.post(page_of(client), {"how": "take"}).status_code == 403
