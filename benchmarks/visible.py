"""From saving a contact to seeing it in the org, through the workers as they run in an installation."""

import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress

from django.db import transaction
from django_q.models import OrmQ

from benchmarks import workspace
from benchmarks.tables import LABEL
from benchmarks.world import World
from contacts import services as contacts
from contacts.models import Contact
from integrations import services, tasks
from integrations.models import Lane, LaneCall, ObjectSettings, Outbox
from tests.salesforce_org import ROOT
from users.models import User

SAVES = 50
SAVES_BESIDE = 20
WAITING = 100_000
CHUNK = 5_000
PATIENCE = 60.0
POLL = 0.01


def run(world: World) -> Iterator[str]:
    workspace.pull_once()
    yield f"\n{'from saving to visible in the org, seconds':<{LABEL}}{'saves':>9}{'p50':>10}{'p95':>10}{'worst':>8}"
    with _workers():
        yield _line("nothing else to do", _saving(world, SAVES, _save), "(aim: p95 of 1.5)")
    _fill_background()
    with _workers():
        seconds = _saving(world, SAVES_BESIDE, _save_and_push)
        left = Outbox.objects.filter(lane=Lane.BACKGROUND).count()
        yield _line(f"{WAITING:,} background pushes waiting", seconds, f"(aim: 2; {left:,} left at the end)")


def _line(label: str, seconds: Sequence[float], note: str) -> str:
    middle, high = statistics.median(seconds), statistics.quantiles(seconds, n=20, method="inclusive")[-1]
    return f"{label:<{LABEL}}{len(seconds):>9,}{middle:>10.2f}{high:>10.2f}{max(seconds):>8.2f}  {note}"


def _saving(world: World, count: int, save: Callable[[Contact, str], None]) -> list[float]:
    """Seconds until each of the contacts, saved one after the other, has its new title in the org."""
    waits = []
    for number, contact in enumerate(workspace.linked()[: count + 1]):
        title = f"{save.__name__} {number}"
        began = time.perf_counter()
        save(contact, title)
        while world.org.get("Contact", contact.crm_id)["Title"] != title:
            if time.perf_counter() - began > PATIENCE:
                raise TimeoutError(f"{contact} is not in the org after {PATIENCE:.0f} seconds.")
            time.sleep(POLL)
        waits.append(time.perf_counter() - began)
    return waits[1:]  # the first one warms the workers up


def _save(contact: Contact, title: str) -> None:
    contacts.update_contact(contact.pk, {"title": title})


def _save_and_push(contact: Contact, title: str) -> None:
    with transaction.atomic():
        services.push_now([contacts.update_contact(contact.pk, {"title": title})], User.objects.get())


def _fill_background() -> None:
    """Contacts that were made here wait to be created there. Their domain is nobody's, so they wait for no account."""
    ObjectSettings.objects.filter(record_kind="contact").update(push_new=True, create_as="Contact")
    for start in range(0, WAITING, CHUNK):
        people = [
            Contact(first_name="New", last_name=f"Person {number}", email=f"new.person{number}@gmail.com")
            for number in range(start, start + CHUNK)
        ]
        with transaction.atomic():
            services.queue_push(Contact.objects.bulk_create(people), lane=Lane.BACKGROUND)


@contextmanager
def _workers() -> Iterator[None]:
    """The two clusters of an installation: the background's, and the one for what people wait for."""
    OrmQ.objects.all().delete()  # wake-ups of what was done before, and their calls
    LaneCall.objects.all().delete()
    tasks.wake_lanes()
    clusters = [_cluster({}), _cluster({"Q_CLUSTER_NAME": "people"})]
    try:
        yield
    finally:
        for cluster in clusters:
            with suppress(ProcessLookupError):
                os.killpg(cluster.pid, signal.SIGKILL)  # with all that it started; nothing of it is needed any more
            cluster.wait()


def _cluster(environment: dict[str, str]) -> subprocess.Popen[bytes]:
    command = [sys.executable, "manage.py", "qcluster"]
    return subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}, start_new_session=True)
