"""Who goes first, who shares the work, and what goes along."""

import pytest
from django.core.management import call_command

from common.bulk import update_rows
from contacts.models import Contact
from integrations import services, tasks
from integrations.models import Connection, DeletionSettings, ErrorEntry, Lane, Outbox, RecordLink
from integrations.sync import outbox
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory
from tests.integrations.sync.pushing import later
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("impatient")]


@pytest.fixture
def woken(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The lanes for which a worker was called, by a push."""
    lanes: list[str] = []
    monkeypatch.setattr(services, "async_task", lambda name, lane, **options: lanes.append(lane))
    return lanes


def in_background(contact: Contact) -> None:
    Outbox.objects.of("contact", [contact.pk]).delete()
    services.queue_push(contact, lane=Lane.BACKGROUND)


def test_an_account_goes_before_the_rest_of_the_backlog(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "BATCH", 2)
    with_account = ContactFactory(account=AccountFactory(name="Needed"))
    Outbox.objects.filter(record_kind="account").delete()
    for contact in (with_account, *(ContactFactory(email="", company_name="", account=None) for _ in range(8))):
        in_background(contact)

    tasks.push_lane(Lane.BACKGROUND)

    made = org.query("SELECT LastName, AccountId FROM Contact ORDER BY CreatedDate, Id")[-9:]
    assert [row["LastName"] for row in made if row["AccountId"]] == [with_account.last_name]
    first = RecordLink.objects.filter(record_kind__in=["account", "contact"], pulled_at=None).order_by("pk")[:4]
    assert ("account", with_account.account_id) in [(link.record_kind, link.record_id) for link in first]
    assert with_account.pk in [link.record_id for link in first if link.record_kind == "contact"]


def test_an_account_that_the_backlog_has_travels_with_a_persons_push(synced: Connection, org: Org, admin: User) -> None:
    contact = ContactFactory(account=AccountFactory(name="Behind Others"))
    Outbox.objects.update(lane=Lane.BACKGROUND)

    services.push_now([contact], admin)
    tasks.push_lane(Lane.PEOPLE)

    contact.refresh_from_db()
    assert contact.crm_id
    assert contact.account.crm_id


def test_who_frees_records_of_another_lane_wakes_it(synced: Connection, org: Org, admin: User, woken: list) -> None:
    contact = ContactFactory(account=AccountFactory(name="Under Way"))
    Outbox.objects.filter(record_kind="account").update(lane=Lane.BACKGROUND)
    taken = outbox.claim(Lane.BACKGROUND)
    services.push_now([contact], admin)
    tasks.push_lane(Lane.PEOPLE)
    waiting = contact.__class__.objects.get(pk=contact.pk).crm_id
    outbox.release(taken.token)
    Outbox.objects.filter(record_kind="account").update(lane=Lane.BACKGROUND)
    tasks.push_lane(Lane.PEOPLE)  # who was called to it
    woken.clear()

    tasks.push_lane(Lane.BACKGROUND)

    assert waiting == ""
    assert Lane.PEOPLE in woken


def test_an_account_that_is_kept_out_of_the_sync_is_the_reason_of_its_contact(
    synced: Connection, org: Org, admin: User
) -> None:
    account = AccountFactory(name="Kept Out")
    services.skip(account, admin)
    contact = ContactFactory(account=account)

    push_all()

    entry = ErrorEntry.objects.open().of("contact", [contact.pk]).get()
    assert entry.code == "PARENT_NOT_SYNCED"
    assert "kept out" in entry.message
    assert not Outbox.objects.exists()


def test_a_large_backlog_calls_another_worker_and_a_small_one_does_not(
    synced: Connection, org: Org, woken: list, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox, "CLAIM", 5)
    ids = list(Contact.objects.filter(crm_object="Contact").values_list("pk", flat=True))
    update_rows(Contact.objects.filter(pk__in=ids[:4]), title="Few")
    tasks.push_lane(Lane.BACKGROUND)
    few = list(woken)

    update_rows(Contact.objects.filter(pk__in=ids[:12]), title="Many")
    tasks.push_lane(Lane.BACKGROUND)

    assert few == []
    assert woken == [Lane.BACKGROUND]
    assert not Outbox.objects.exists()


def test_a_lane_has_as_many_workers_as_places(synced: Connection, org: Org, settings) -> None:
    settings.PUSH_WORKERS = 0
    ContactFactory(last_name="No Place")

    tasks.push_lane(Lane.REAL_TIME)
    waiting = Outbox.objects.count()
    settings.PUSH_WORKERS = 1
    tasks.push_lane(Lane.REAL_TIME)
    tasks.push_lane(Lane.REAL_TIME)

    assert waiting
    assert not Outbox.objects.exists()


def push_by_command(*arguments: str) -> int:
    with pytest.raises(SystemExit) as ended:
        call_command("salesforce", "push", *arguments)
    return int(ended.value.code or 0)


def test_a_push_by_command_sends_its_object_and_what_that_waits_for(synced: Connection, org: Org) -> None:
    contact = ContactFactory(account=AccountFactory(name="Needed", parent=AccountFactory(name="Above")))
    other = AccountFactory(name="Not Needed")

    code = push_by_command("Contact")

    contact.refresh_from_db()
    other.refresh_from_db()
    assert code == 0
    assert contact.crm_id
    assert contact.account.parent.crm_id
    assert other.crm_id == ""
    assert list(Outbox.objects.values_list("record_kind", "record_id")) == [("account", other.pk)]


def test_a_push_of_accounts_by_command_leaves_contacts_alone(synced: Connection, org: Org) -> None:
    contact = ContactFactory(account=AccountFactory(name="Alone"))

    push_by_command("Account")

    contact.refresh_from_db()
    assert contact.account.crm_id
    assert contact.crm_id == ""


@pytest.mark.parametrize("deletes", [False, True], ids=["kept there", "deleted there"])
def test_what_a_create_in_doubt_made_of_a_deleted_record_does_not_come_back(
    synced: Connection, org: Org, deletes: bool
) -> None:
    DeletionSettings.objects.update_or_create(
        connection=synced, remote_object="Contact", defaults={"sync_deletes": deletes}
    )
    contact = ContactFactory(last_name="Doubtful", email="", company_name="", account=None)
    org.faults({"match": {"method": "POST", "path": "composite/sobjects$"}, "do": "drop_after", "times": 1})
    tasks.push_lane(Lane.REAL_TIME, seconds=0.2, sleeper=lambda seconds: None)
    org.wait_for_fault("drop_after")
    contact.delete()

    for _ in range(3):
        later()
        push_all()
    pull_all()

    assert len(org.query("SELECT Id FROM Contact WHERE LastName = 'Doubtful'")) == (0 if deletes else 1)
    assert not Contact.objects.filter(last_name="Doubtful").exists()
    assert not Outbox.objects.exists()


def test_a_create_in_doubt_of_a_deleted_record_that_made_nothing_is_forgotten(synced: Connection, org: Org) -> None:
    contact = ContactFactory(last_name="Doubtful", email="", company_name="", account=None)
    pk = contact.pk
    org.faults({"match": {"method": "POST", "path": "composite/sobjects$"}, "do": "drop_before", "times": 1})
    tasks.push_lane(Lane.REAL_TIME, seconds=0.2, sleeper=lambda seconds: None)
    contact.delete()

    later()
    push_all()

    assert not Outbox.objects.exists()
    assert not RecordLink.objects.filter(record_kind="contact", deleted_id=pk).exists()
