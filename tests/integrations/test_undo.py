"""Undoing a run: what goes back on both sides, what is left, and that a killed worker's part is done again."""

from typing import Any

import pghistory
import pytest
from django.db.models import Value
from django.test import Client
from django.urls import reverse

from common import trash
from common.merging import merge
from common.merging import undo as take_apart
from common.models import Record
from contacts.models import Contact
from deals.models import Deal
from integrations import aligning, everything, tasks, undoing
from integrations.models import Connection, FieldMapping, Outbox, RecordLink, Run, SyncEvent
from integrations.pairing import Without
from integrations.services import Refused
from integrations.sync import reversal
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, AdminFactory, ContactFactory, CustomFieldFactory, UserFactory
from tests.integrations.sync.dealing import turn
from tests.pages import CaptureQueries
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def contacts(count: int) -> list[Contact]:
    return list(Contact.objects.filter(crm_object="Contact").order_by("pk")[:count])


def newest(kind: str) -> Run:
    return Run.objects.filter(kind=kind, remote_object="Contact").latest("pk")


def pulled(org: Org, count: int = 1, **fields: Any) -> tuple[list[Contact], Run]:
    """Contacts as they were before a pull changed them, and that pull."""
    before = contacts(count)
    for contact in before:
        org.update("Contact", contact.crm_id, **fields)
    pull_all()
    return before, newest(Run.Kind.PULL)


def edit(record: Record, **values: Any) -> None:
    """An edit by a person; a pull's context lasts as long as its transaction: here the whole test's."""
    for name, value in values.items():
        setattr(record, name, value)
    with pghistory.context(source="a person"):
        record.save(update_fields=list(values))


def written_by(run: Run, record: Record, **values: Any) -> None:
    with pghistory.context(source="Salesforce", run=run.pk):
        type(record)._default_manager.filter(pk=record.pk).update(**values)


def undo(run: Run, user: User) -> Run:
    undone = undoing.start(run, user)
    tasks.undo_runs(600)
    undone.refresh_from_db()
    return undone


def test_a_pull_is_undone_here_and_then_there(synced: Connection, org: Org, admin: User) -> None:
    (before,), run = pulled(org, Title="Pulled", Department="Pulled")

    undone = undo(run, admin)
    push_all()

    now = Contact.objects.get(pk=before.pk)
    assert (now.title, now.department) == (before.title, before.department)
    assert org.get("Contact", before.crm_id)["Title"] == (before.title or None)
    assert (undone.state, undone.updated, undone.looked_at) == (Run.State.DONE, 1, undone.total)


def test_a_push_is_undone_by_the_older_values(synced: Connection, org: Org, admin: User) -> None:
    (contact,) = contacts(1)
    before = org.get("Contact", contact.crm_id)["Title"]
    contact.title = "Pushed"
    contact.save(update_fields=["title"])
    push_all()
    run = newest(Run.Kind.PUSH)
    assert org.get("Contact", contact.crm_id)["Title"] == "Pushed"

    undone = undo(run, admin)
    push_all()

    assert org.get("Contact", contact.crm_id)["Title"] == before
    assert undone.updated == 1


def test_an_undo_can_be_undone(synced: Connection, org: Org, admin: User) -> None:
    (before,), run = pulled(org, Title="Pulled")
    undone = undo(run, admin)
    undo(undone, admin)

    assert Contact.objects.get(pk=before.pk).title == "Pulled"


def test_values_changed_since_are_left_and_said(synced: Connection, org: Org, admin: User) -> None:
    (partly, whole), run = pulled(org, 2, Title="Pulled", Department="Pulled")
    for pk, changes in ((partly.pk, {"title": "Mine"}), (whole.pk, {"title": "Mine", "department": "Mine"})):
        edit(Contact.objects.get(pk=pk), **changes)

    told = undoing.forecast(run)
    undone = undo(run, admin)

    assert (told.back, told.partly, told.left) == (1, 1, 1)
    assert (undone.updated, undone.skipped, undone.looked_at) == (1, 1, undone.total)
    now = Contact.objects.get(pk=partly.pk)
    assert (now.title, now.department) == ("Mine", partly.department)
    events = SyncEvent.objects.filter(run=undone, kind=SyncEvent.Kind.UNDONE)
    assert {event.record_id for event in events} == {partly.pk, whole.pk}
    assert all("Title: changed since" in event.summary for event in events)


def test_a_custom_field_goes_back_by_itself(synced: Connection, org: Org, admin: User) -> None:
    CustomFieldFactory(record_kind="contact", key="nick", label="Nick", type="text")
    mapping = FieldMapping.objects.filter(field="title", remote_object="Contact")
    mapping.update(field="custom.nick", winner=FieldMapping.Winner.THEIRS)
    (before,), run = pulled(org, Title="Bee")
    assert Contact.objects.get(pk=before.pk).custom["nick"] == "Bee"
    contact = Contact.objects.get(pk=before.pk)
    edit(contact, custom={**contact.custom, "other": "stays"})

    undo(run, admin)

    custom = Contact.objects.get(pk=before.pk).custom
    assert custom.get("nick") != "Bee"
    assert custom["other"] == "stays"


def test_a_reference_to_what_is_gone_is_left(synced: Connection, org: Org, admin: User) -> None:
    account, (contact,) = AccountFactory(), contacts(1)
    Contact.objects.filter(pk=contact.pk).update(account=account)
    there = Contact.objects.exclude(account=None).exclude(pk=contact.pk).filter(crm_object="Contact").first()
    run = Run.objects.create(connection=synced, kind=Run.Kind.ALIGN, remote_object="Contact", state=Run.State.DONE)
    written_by(run, contact, account=there.account)
    account.delete()

    undone = undo(run, admin)

    assert undone.skipped == 1
    assert reversal.GONE in SyncEvent.objects.get(run=undone).summary


def test_what_a_run_wrote_twice_goes_back_to_what_stood_there_before_it(synced: Connection, admin: User) -> None:
    run = Run.objects.create(connection=synced, kind=Run.Kind.ALIGN, remote_object="Contact", state=Run.State.DONE)
    alone, between = contacts(2)
    for contact in (alone, between):
        edit(contact, title="Before")
        written_by(run, contact, title="First")
    edit(between, title="A person's")
    for contact in (alone, between):
        written_by(run, contact, title="Second")

    undo(run, admin)

    alone.refresh_from_db()
    between.refresh_from_db()
    assert (alone.title, between.title) == ("Before", "A person's")


def test_records_deleted_since_are_passed_over(synced: Connection, org: Org, admin: User) -> None:
    (gone, kept), run = pulled(org, 2, Title="Pulled")
    trash.delete_records(Contact, [gone.pk])

    assert undoing.forecast(run).back == 1
    undone = undo(run, admin)

    assert (undone.updated, undone.skipped, undone.state) == (1, 1, Run.State.DONE)
    assert Contact.objects.get(pk=kept.pk).title == kept.title


def test_deals_that_are_only_pulled_go_back_here_alone(
    with_deals: Connection, org: Org, admin: User, admin_client: Client
) -> None:
    deal = Deal.objects.exclude(crm_id="").first()
    org.update("Opportunity", deal.crm_id, NextStep="Theirs")
    pull_all()
    run = Run.objects.filter(kind=Run.Kind.PULL, remote_object="Opportunity").latest("pk")
    turn(with_deals, "pull")

    page = admin_client.get(reverse("integrations:undo", args=[run.pk])).content.decode()
    undo(run, admin)
    push_all()

    assert "Nothing is pushed for it. Deals are only pulled. Salesforce keeps its values." in page
    assert Deal.objects.get(pk=deal.pk).next_step == deal.next_step
    assert org.get("Opportunity", deal.crm_id)["NextStep"] == "Theirs"


@pytest.mark.parametrize("how", ["take", "fill"])
def test_an_applied_mapping_is_undone(how: str, synced: Connection, org: Org, admin: User) -> None:
    (contact,) = contacts(1)
    mapping = FieldMapping.objects.get(field="title", remote_object="Contact")
    FieldMapping.objects.filter(pk=mapping.pk).update(is_compared=False)
    RecordLink.objects.update(base=Without("base", Value("Title")), base_ours=Without("base_ours", Value("Title")))
    org.update("Contact", contact.crm_id, Title="Theirs" if how == "take" else None)
    edit(contact, title="Ours")
    Outbox.objects.all().delete()
    alignment = aligning.start(synced, "Contact", ["title"], how, admin)
    tasks.align_records()
    push_all()
    tasks.tick()
    assert org.get("Contact", contact.crm_id)["Title"] == ("Theirs" if how == "take" else "Ours")
    run = Run.objects.get(pk=alignment.run_id)
    assert run.state == Run.State.DONE

    undo(run, admin)
    push_all()

    contact.refresh_from_db()
    assert contact.title == ("Ours" if how == "take" else "")
    assert org.get("Contact", contact.crm_id)["Title"] == ("Ours" if how == "take" else None)


def test_a_one_time_push_that_changed_records_is_undone_and_what_it_made_stays(
    synced: Connection, org: Org, admin: User
) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_new=False)
    older = ContactFactory(last_name="Older")
    push_all()
    synced.object_settings.filter(record_kind="contact").update(push_new=True)
    everything.start(synced, ["contact"], admin)
    tasks.mark_everything()
    push_all()
    tasks.tick()
    run = Run.objects.get(kind=Run.Kind.EVERYTHING)

    undone = undo(run, admin)

    assert undone.updated == 0
    older.refresh_from_db()
    assert org.get("Contact", older.crm_id)["LastName"] == "Older"


def test_of_two_pushed_fields_with_one_label_both_go_back(synced: Connection, org: Org, admin: User) -> None:
    (contact,) = contacts(1)
    edit(contact, title="Before", custom={**contact.custom, "title": "Before, too"})
    CustomFieldFactory(record_kind="contact", key="title", label="Title", type="text")
    FieldMapping.objects.filter(field="department", remote_object="Contact").update(field="custom.title")
    push_all()
    edit(contact, title="Pushed", custom={**contact.custom, "title": "Pushed, too"})
    push_all()
    run = newest(Run.Kind.PUSH)

    undo(run, admin)

    contact.refresh_from_db()
    assert (contact.title, contact.custom["title"]) == ("Before", "Before, too")


def test_what_is_mapped_no_more_is_said_to_stay(synced: Connection, org: Org, admin: User) -> None:
    (contact,) = contacts(1)
    edit(contact, title="Pushed")
    push_all()
    run = newest(Run.Kind.PUSH)
    FieldMapping.objects.filter(field="title", remote_object="Contact").delete()

    undo(run, admin)

    event = SyncEvent.objects.filter(record_id=contact.pk, kind=SyncEvent.Kind.UNDONE).latest("pk")
    assert f"{reversal.NOT_MAPPED}." in event.summary


def test_a_value_that_means_something_else_by_now_is_left(synced: Connection, org: Org, admin: User) -> None:
    (contact,) = contacts(1)
    edit(contact, title="Pushed")
    push_all()
    run = newest(Run.Kind.PUSH)
    field = CustomFieldFactory(record_kind="contact", key="size", label="Job title", type="number")
    FieldMapping.objects.filter(field="title", remote_object="Contact").update(field="custom.size")
    SyncEvent.objects.filter(run=run).update(changes={field.label: ["not a number", 12]})
    edit(contact, custom={**contact.custom, "size": 12})

    undone = undo(run, admin)

    assert undone.state == Run.State.DONE
    contact.refresh_from_db()
    assert contact.custom["size"] == 12


def test_looking_and_undoing_ask_salesforce_nothing(
    synced: Connection, org: Org, admin: User, admin_client: Client
) -> None:
    _, run = pulled(org, 3, Title="Pulled")
    org.forget_calls()

    admin_client.get(reverse("integrations:undo", args=[run.pk]))
    undo(run, admin)

    assert not org.calls()


def test_another_admin_finds_the_undo_that_is_under_way(
    synced: Connection, org: Org, admin: User, admin_client: Client, client: Client
) -> None:
    _, run = pulled(org, Title="Pulled")
    begun = undoing.start(run, admin)
    client.force_login(AdminFactory(email="second@example.com"))

    page = client.get(reverse("integrations:undo", args=[run.pk]), follow=True)
    answer = client.post(reverse("integrations:undo", args=[run.pk]))

    assert "It is being undone." in page.content.decode()
    assert answer["Location"] == reverse("integrations:run", args=[begun.pk])
    assert Run.objects.filter(kind=Run.Kind.UNDO).count() == 1


def test_an_undo_whose_worker_is_killed_goes_on_where_it_was(
    synced: Connection, org: Org, admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, run = pulled(org, 5, Title="Pulled")
    monkeypatch.setattr(undoing, "CHUNK", 2)
    undone = undoing.start(run, admin)
    assert undoing.undo_some(synced)
    queue_push = undoing.queue_push

    def killed(*args: Any, **kwargs: Any) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(undoing, "queue_push", killed)
    with pytest.raises(KeyboardInterrupt):
        undoing.undo_some(synced)
    undone.refresh_from_db()
    assert undone.updated == 2
    monkeypatch.setattr(undoing, "queue_push", queue_push)

    tasks.tick()
    tasks.undo_runs(600)

    undone.refresh_from_db()
    assert (undone.state, undone.updated, undone.total) == (Run.State.DONE, 5, 5)
    titles = dict(Contact.objects.values_list("pk", "title"))
    assert all(titles[contact.pk] == contact.title for contact in before)
    assert SyncEvent.objects.filter(run=undone).count() == 5


def test_a_chunk_costs_the_same_for_one_and_for_many(synced: Connection, org: Org, admin: User) -> None:
    _, one = pulled(org, 1, Title="One")
    _, many = pulled(org, 10, Title="Many")
    counts = []
    for run in (many, one):
        undoing.start(run, admin)
        with CaptureQueries() as queries:
            undoing.undo_some(synced)
        counts.append(len(queries))
        tasks.undo_runs(600)

    assert counts[0] <= counts[1] + 2


def test_a_stopped_undo_keeps_what_it_did_and_does_no_more(
    synced: Connection, org: Org, admin: User, admin_client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, run = pulled(org, 4, Title="Pulled")
    monkeypatch.setattr(undoing, "CHUNK", 2)
    undone = undoing.start(run, admin)
    undoing.undo_some(synced)

    admin_client.post(reverse("integrations:undo_stop", args=[undone.pk]))
    tasks.undo_runs(600)

    undone.refresh_from_db()
    assert (undone.state, undone.updated) == (Run.State.CANCELLED, 2)
    assert Contact.objects.filter(title="Pulled").count() == 2


def test_two_clicks_undo_once(synced: Connection, org: Org, admin: User, admin_client: Client) -> None:
    _, run = pulled(org, Title="Pulled")
    url = reverse("integrations:undo", args=[run.pk])

    first, second = admin_client.post(url), admin_client.post(url)

    assert first["Location"] == second["Location"]
    assert Run.objects.filter(kind=Run.Kind.UNDO).count() == 1


def test_the_preview_tells_before_anything_is_done(synced: Connection, org: Org, admin_client: Client) -> None:
    (before,), run = pulled(org, Title="Pulled")

    page = admin_client.get(reverse("integrations:undo", args=[run.pk])).content.decode()

    assert str(before) in page
    assert "Pulled" in page
    assert "1 linked record is then pushed" in page
    assert Contact.objects.get(pk=before.pk).title == "Pulled"
    assert not Outbox.objects.exists()


def test_what_was_undone_is_not_undone_again(synced: Connection, org: Org, admin: User, admin_client: Client) -> None:
    _, run = pulled(org, Title="Pulled")
    undo(run, admin)

    assert "Nothing is left to undo" in admin_client.get(reverse("integrations:undo", args=[run.pk])).content.decode()


def test_a_run_under_way_or_of_nothing_that_has_fields_is_refused(synced: Connection, admin: User) -> None:
    running = Run.objects.create(connection=synced, kind=Run.Kind.PULL, remote_object="Contact")
    roles = Run.objects.create(
        connection=synced, kind=Run.Kind.PULL, remote_object="OpportunityContactRole", state=Run.State.DONE
    )

    for run in (running, roles):
        with pytest.raises(Refused):
            undoing.start(run, admin)


def test_a_merge_made_here_is_undone_from_its_run(synced: Connection, admin: User, admin_client: Client) -> None:
    kept, other = ContactFactory(last_name="Stays", title=""), ContactFactory(last_name="Goes", title="From the other")
    merge(kept, other)
    run = Run.objects.get(kind=Run.Kind.MERGE)
    url = reverse("integrations:undo", args=[run.pk])
    assert "becomes a record of its own again" in admin_client.get(url).content.decode()

    admin_client.post(url)

    assert Contact.objects.get(pk=other.pk).last_name == "Goes"
    assert Contact.objects.get(pk=kept.pk).title == ""
    assert Run.objects.get(kind=Run.Kind.UNDO).state == Run.State.DONE
    assert "taken apart already" in admin_client.get(url, follow=True).content.decode()


def test_a_merge_that_was_taken_apart_elsewhere_is_refused(synced: Connection, admin: User) -> None:
    kept, other = ContactFactory(), ContactFactory()
    merge(kept, other)
    take_apart("contact", other.pk)

    with pytest.raises(Refused, match="taken apart already"):
        undoing.start(Run.objects.get(kind=Run.Kind.MERGE), admin)


@pytest.mark.parametrize("name", ["undo", "undo_stop"])
def test_members_undo_nothing(name: str, synced: Connection, org: Org, client: Client) -> None:
    _, run = pulled(org, Title="Pulled")
    client.force_login(UserFactory())

    assert client.post(reverse(f"integrations:{name}", args=[run.pk])).status_code == 403
    assert client.get(reverse(f"integrations:{name}", args=[run.pk])).status_code == 403
    assert Contact.objects.filter(title="Pulled").count() == 1
