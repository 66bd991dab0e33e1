"""What is measured: each round does what a worker does, with the same code."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from django.db import transaction
from django.db.models import F, QuerySet, Sum
from django_q.models import OrmQ

from common.bulk import update_rows
from contacts import services as contacts
from contacts.models import Contact
from integrations import connecting, logins, tasks
from integrations.models import Cursor, Lane, Outbox, Run
from integrations.models.connection import Credential
from integrations.salesforce import oauth
from tests.salesforce_org import ROOT, Org
from users.models import User

SAVES = 20
PATIENCE = 30.0
POLL = 0.01


def run(org: Org) -> Iterator[str]:
    """The table, line by line."""
    _connect()
    yield f"{'':<42}{'records':>9}{'seconds':>10}{'a second':>10}"
    yield _line("first pull: accounts, leads, contacts", _pull)
    Cursor.objects.update(position=None)
    yield _line("the same again, unchanged", _pull)
    with transaction.atomic():
        update_rows(_linked(), title="Head of Benchmarks")
    yield _line("push of changed contacts and leads", _push)
    yield _line("pull of what was pushed", _pull)
    with _peoples_worker():
        waits = [_save_to_visible(org, number) for number in range(SAVES + 1)][1:]  # the first one warms it up
    yield f"from saving to visible in the org: median {statistics.median(waits):.2f} s, worst {max(waits):.2f} s"


def _connect() -> None:
    admin = User.objects.create_user("admin@example.com", role=User.Role.ADMIN)
    connection = logins.the_connection()
    tokens = oauth.client_credentials(logins.app_for(connection))
    connecting.connect(connection, admin, tokens, grant=Credential.Grant.CLIENT_CREDENTIALS)
    connection.refresh_from_db()
    connecting.start_syncing(connection)


def _line(label: str, work: Callable[[], None]) -> str:
    """Do the work and say how many records its runs looked at, in which time."""
    newest = Run.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    began = time.perf_counter()
    work()
    seconds = time.perf_counter() - began
    outcomes = sum((F(name) for name in Run.OUTCOMES[1:]), F(Run.OUTCOMES[0]))
    count = Run.objects.filter(pk__gt=newest).aggregate(count=Sum(outcomes))["count"] or 0
    return f"{label:<42}{count:>9,}{seconds:>10.2f}{count / seconds:>10,.0f}"


def _pull() -> None:
    for name in tasks.PULL_ORDER:
        while any(run.state == Run.State.RUNNING for run in tasks.pull_due(only=name, is_forced=True)):
            pass


def _push() -> None:
    while Outbox.objects.exists():
        for lane in Lane:
            tasks.push_lane(lane)


def _linked() -> QuerySet[Contact]:
    return Contact.objects.exclude(crm_id="")


@contextmanager
def _peoples_worker() -> Iterator[None]:
    OrmQ.objects.all().delete()  # wake-ups of the rounds before
    process = subprocess.Popen(
        [sys.executable, "manage.py", "qcluster"],
        cwd=ROOT,
        env={**os.environ, "Q_CLUSTER_NAME": "people"},
        start_new_session=True,
    )
    try:
        yield
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)  # whatever it left behind


def _save_to_visible(org: Org, number: int) -> float:
    """Seconds from saving a contact to its new title in the org."""
    contact = _linked().filter(crm_object="Contact").order_by("pk")[number]
    title = f"Saved as number {number}"
    began = time.perf_counter()
    contacts.update_contact(contact.pk, {"title": title})
    while org.get("Contact", contact.crm_id)["Title"] != title:
        if time.perf_counter() - began > PATIENCE:
            raise TimeoutError(f"{contact} is not in the org after {PATIENCE:.0f} seconds.")
        time.sleep(POLL)
    return time.perf_counter() - began
