"""An import whose worker is killed with SIGKILL in the middle, again and again: another one goes on."""

import csv
import io
import random
import time

import pytest
from django.utils import timezone

from accounts.models import Account
from common import jobs
from common.acting import acting_as
from common.importing import carrying
from common.importing.kinds import kind_named
from common.importing.planning import Settings
from common.importing.targets import proposed, targets_of
from common.models import Job
from contacts.models import Contact
from tests.factories import UserFactory
from tests.workers import kill, worker

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
ROWS, ACCOUNTS, WRONG = 20_000, 500, 100
KILLS = 5


def begun() -> Job:
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["Last name", "E-mail", "Account"])
    for number in range(ROWS):
        email = "nowhere" if number % WRONG == 0 else f"p{number}@kill.example"
        writer.writerow([f"No {number}", email, f"Company {number % ACCOUNTS}"])
    user, kind = UserFactory(), kind_named("contact")
    assert kind
    with acting_as(user):
        job = carrying.prepare("contact", io.BytesIO(text.getvalue().encode()), "people.csv", user=user)
        columns = proposed(job.params["head"], targets_of(kind), kind.aliases)
    carrying.start(job, Settings("contact", job.params["head"], columns, makes_accounts=True))
    return job


def killed_in_the_middle(job: Job, chance: random.Random) -> None:
    before, process = job.done, worker(jobs.run, job.pk)
    while job.done == before and process.is_alive():
        time.sleep(0.01)
        job.refresh_from_db()
    time.sleep(chance.uniform(0, 0.3))
    kill(process)
    Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(claimed_until=timezone.now())
    job.refresh_from_db()


def test_no_row_is_lost_or_doubled() -> None:
    job, chance, places = begun(), random.Random(1), []
    for _ in range(KILLS):
        killed_in_the_middle(job, chance)
        places.append(job.done)

    assert places == sorted(set(places)), "each worker gets on"
    assert job.state == Job.State.RUNNING, "they are killed in the middle"
    while job.state == Job.State.RUNNING:
        jobs.run(job.pk)
        job.refresh_from_db()

    wrong = ROWS // WRONG
    assert (job.state, job.done) == (Job.State.DONE, ROWS), job.message
    assert job.counts == {"created": ROWS - wrong, "rejected": wrong}
    names = list(Contact.objects.values_list("last_name", flat=True))
    assert len(names) == len(set(names)) == ROWS - wrong
    assert Account.objects.count() == ACCOUNTS - ACCOUNTS // WRONG
    rejected = b"".join(jobs.pieces(job, is_result=True)).decode("utf-8-sig").splitlines()
    assert len(rejected) == len(set(rejected)) == wrong + 1
