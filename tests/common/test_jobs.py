"""Jobs: chunk by chunk, killed and resumed without doubles, stopped, tried again, their files."""

from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO

import pytest
from django.db import OperationalError
from django.test import Client
from django.utils import timezone
from django_q.models import OrmQ, Schedule
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from common import jobs
from common.acting import acting_user
from common.models import Job, JobChunk
from tests.factories import AdminFactory, ContactFactory, UserFactory
from tests.pages import CaptureQueries
from users.models import User

pytestmark = pytest.mark.django_db

ROUNDS = 3


class Killed(BaseException):
    """A worker that ends in the middle of its work."""


def count_up(job: Job) -> bool:
    at = job.position.get("at", 0)
    jobs.keep(job, [f"{at}\n".encode()])
    job.position, job.done, job.total, job.counts = {"at": at + 1}, at + 1, ROUNDS, {"counted": at + 1}
    if job.params.get("breaks at") == at:
        raise {"killed": Killed, "refused": jobs.JobRefused, "broken": KeyError}[job.params["how"]]("The well is dry.")
    return at + 1 == ROUNDS


@pytest.fixture(autouse=True)
def kind() -> Iterator[None]:
    jobs.runs("count")(count_up)
    yield
    del jobs._steps["count"]


def started(user: User, **params: object) -> Job:
    return jobs.start("count", user=user, title="Count to three", params=params)


def result(job: Job) -> bytes:
    return b"".join(jobs.pieces(job, is_result=True))


def test_a_job_is_worked_off_chunk_by_chunk(user: User) -> None:
    job = started(user)

    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done, job.total, job.counts) == ("done", 3, 3, {"counted": 3})
    assert result(job) == b"0\n1\n2\n"
    assert job.claimed_until is None


def test_it_wakes_a_worker_once_it_is_committed(
    user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    with django_capture_on_commit_callbacks(execute=True):
        started(user)
        assert not OrmQ.objects.exists()

    assert OrmQ.objects.count() == 1


def test_when_the_time_is_up_it_queues_itself_again(user: User) -> None:
    job = started(user)

    jobs.run(job.pk, seconds=0)

    job.refresh_from_db()
    assert (job.state, job.done, job.claimed_until) == ("running", 1, None)
    assert OrmQ.objects.count() == 1
    jobs.run(job.pk)
    assert result(job) == b"0\n1\n2\n"


def test_a_killed_job_goes_on_where_it_stood_and_doubles_nothing(user: User) -> None:
    job = started(user, **{"breaks at": 1, "how": "killed"})
    with pytest.raises(Killed):
        jobs.run(job.pk)
    jobs.run(job.pk)  # the lease of the killed worker still runs
    job.refresh_from_db()
    assert (job.state, job.done) == ("running", 1)

    Job.objects.update(claimed_until=timezone.now() - timedelta(seconds=1), params={})
    jobs.tick()

    assert OrmQ.objects.count() == 1
    jobs.run(job.pk)
    assert result(job) == b"0\n1\n2\n"


def test_two_workers_never_have_one_job(user: User) -> None:
    job = started(user)

    assert jobs._claim(job.pk)
    assert jobs._claim(job.pk) is None


def test_what_a_worker_did_whose_lease_ran_out_is_rolled_back(user: User) -> None:
    job = started(user)
    slow = jobs._claim(job.pk)
    Job.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk)

    with pytest.raises(jobs._LeaseLost):
        jobs._do_one(slow)

    assert result(job) == b"0\n1\n2\n"


def test_a_worker_whose_lease_ran_out_does_not_end_the_job_of_another(user: User) -> None:
    job = started(user)
    slow = jobs._claim(job.pk)
    Job.objects.update(claimed_until=timezone.now() - timedelta(seconds=1))
    jobs.run(job.pk, seconds=0)

    jobs._fail(slow, "The well is dry.")
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.message) == ("done", "")


def test_a_stopped_job_does_no_more_and_may_go_on(client: Client, user: User) -> None:
    job = started(user)
    jobs.run(job.pk, seconds=0)

    assertRedirects(client.post(f"/jobs/{job.pk}/stop/"), f"/jobs/{job.pk}/")
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.done) == ("stopped", 1)
    assertContains(client.get(f"/jobs/{job.pk}/"), "Go on")
    client.post(f"/jobs/{job.pk}/again/")
    jobs.run(job.pk)
    assert result(job) == b"0\n1\n2\n"


@pytest.mark.parametrize(
    ("how", "told"), [("refused", "The well is dry."), ("broken", "Something unexpected happened")]
)
def test_a_failed_job_says_why_keeps_what_it_did_and_is_tried_again(
    client: Client, user: User, how: str, told: str
) -> None:
    job = started(user, **{"breaks at": 1, "how": how})
    jobs.run(job.pk)

    page = client.get(f"/jobs/{job.pk}/")
    assertContains(page, told)
    assertContains(page, "1 of 3 done")
    Job.objects.update(params={})
    client.post(f"/jobs/{job.pk}/again/")
    jobs.run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message, result(job)) == ("done", "", b"0\n1\n2\n")


def test_a_chunk_that_postgresql_ended_for_others_is_done_again(user: User) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    fails = [True, True]

    def unlucky(job: Job) -> bool:
        is_last = count_up(job)
        if fails and fails.pop():
            raise OperationalError("deadlock detected") from Deadlock()
        return is_last

    jobs.runs("count")(unlucky)
    job = started(user)
    jobs.run(job.pk)

    assert result(job) == b"0\n1\n2\n"


def test_it_acts_as_the_person_who_started_it(user: User) -> None:
    actors = []

    @jobs.runs("count")
    def rename(job: Job) -> bool:
        actors.append(acting_user())
        contact.title = "Buyer"
        contact.save(update_fields=["title"])
        return True

    contact = ContactFactory()
    jobs.run(started(user).pk)

    assert actors == [user]
    assert contact.events.get().pgh_context.metadata["user"] == user.pk


def test_nothing_is_done_for_somebody_who_was_deactivated(user: User) -> None:
    job = started(user)
    User.objects.filter(pk=user.pk).update(is_active=False)

    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.message, job.done) == ("failed", "Kim was deactivated.", 0)


def test_a_kind_that_is_not_known_any_more_is_refused(user: User) -> None:
    job = jobs.start("gone", user=user, title="Gone")

    jobs.run(job.pk)

    job.refresh_from_db()
    assert job.state == "failed"


def test_a_file_is_kept_in_pieces_with_the_job(user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jobs, "PIECE", 4)

    job = jobs.start("count", user=user, title="With a file", file=BytesIO(b"0123456789"))

    assert [bytes(data) for data in job.chunks.order_by("number").values_list("data", flat=True)] == [
        b"0123",
        b"4567",
        b"89",
    ]
    assert b"".join(jobs.pieces(job, is_result=False)) == b"0123456789"


def test_the_result_is_downloaded_when_the_job_is_over(client: Client, user: User) -> None:
    job = started(user)
    assert client.get(f"/jobs/{job.pk}/result/").status_code == 404
    jobs.run(job.pk)
    Job.objects.update(result_name="Numbers.csv")

    assertContains(client.get(f"/jobs/{job.pk}/"), "Numbers.csv")
    response = client.get(f"/jobs/{job.pk}/result/")

    assert b"".join(response.streaming_content) == b"0\n1\n2\n"
    assert response["Content-Disposition"] == 'attachment; filename="Numbers.csv"'


def test_the_page_asks_for_itself_only_while_the_job_is_under_way(client: Client, user: User) -> None:
    job = started(user)
    assertContains(client.get(f"/jobs/{job.pk}/", headers={"HX-Request": "true"}), 'hx-trigger="every 2s"')

    jobs.run(job.pk)

    assertNotContains(client.get(f"/jobs/{job.pk}/"), "every 2s")


def test_jobs_are_the_persons_own_and_admins_open_them_too(client: Client, user: User) -> None:
    mine, other = started(user), jobs.start("count", user=UserFactory(), title="Somebody else's")

    assert [job.pk for job in client.get("/jobs/").context["page"]] == [mine.pk]
    for path in ("", "result/"):
        assert client.get(f"/jobs/{other.pk}/{path}").status_code == 404
    for path in ("stop/", "again/"):
        assert client.post(f"/jobs/{other.pk}/{path}").status_code == 404
        assert client.get(f"/jobs/{mine.pk}/{path}").status_code == 405
    client.force_login(AdminFactory())
    assert client.get(f"/jobs/{other.pk}/").status_code == 200


def test_the_list_costs_the_same_whatever_its_length(client: Client, user: User) -> None:
    started(user)
    with CaptureQueries() as one:
        client.get("/jobs/")
    for _ in range(5):
        started(user)
    with CaptureQueries() as many:
        client.get("/jobs/")

    assert len(many) == len(one)


def test_files_go_after_a_week_and_jobs_after_three_months(user: User) -> None:
    job = started(user)
    jobs.run(job.pk)

    Job.objects.update(ended_at=timezone.now() - timedelta(days=8))
    jobs.prune()
    assert not JobChunk.objects.exists()
    assert Job.objects.exists()

    Job.objects.update(ended_at=timezone.now() - timedelta(days=91))
    jobs.prune()
    assert not Job.objects.exists()


def test_workers_look_by_the_clock() -> None:
    functions = set(Schedule.objects.values_list("func", flat=True))

    assert {"common.jobs.tick", "common.jobs.prune"} <= functions
