"""What is done with many records at once: chosen ones, or all that match."""

import csv
import io
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from pytest_django import DjangoCaptureOnCommitCallbacks
from pytest_django.asserts import assertContains, assertRedirects

from common import actions, jobs
from common.actions import Selection
from common.models import DeletedRecord, Job, Origin, SavedView
from common.tables import table_of
from common.visibility import let_see_pulled
from contacts.models import Contact, Stage
from tests.factories import AccountFactory, ContactFactory, CustomFieldFactory, DealFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db

ACT = "/records/contact/act/"


def do(client: Client, name: str, /, *rows: Any, kind: str = "contact", **data: Any) -> HttpResponse:
    """Confirm an action with these rows, or with all that ``query`` finds."""
    chosen = {"ids": [row.pk for row in rows]} if rows else {"all": "1"}
    return client.post(f"/records/{kind}/act/", {"action": name, "confirm": "yes", **chosen, **data})


def worked_off() -> Job:
    job = Job.objects.get()
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_it_is_asked_about_first(client: Client, user: User) -> None:
    rows = [ContactFactory(), ContactFactory()]

    response = client.post(ACT, {"action": "delete", "ids": [row.pk for row in rows]})

    assertContains(response, "Delete: 2 contacts")
    assertContains(response, "For 30 days they can be restored")
    assert Contact.objects.count() == 2
    assert not Job.objects.exists()


def test_a_few_are_done_at_once_without_a_worker(
    client: Client, user: User, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks
) -> None:
    chosen, other = ContactFactory(), ContactFactory()

    with django_capture_on_commit_callbacks() as callbacks:
        answer = do(client, "owner", chosen, owner=user.pk, query="q=roe")

    assert not [callback for callback in callbacks if "wake" in repr(callback)]

    assertRedirects(answer, "/contacts/?q=roe", fetch_redirect_response=False)
    assert Contact.objects.filter(owner=user).get() == chosen
    assert other in Contact.objects.filter(owner=None)
    assertContains(client.get("/contacts/"), "1 changed")


def test_all_that_match_are_done_by_a_job(client: Client, user: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    for _ in range(5):
        ContactFactory(title="Buyer", owner=user)
    ContactFactory(title="Boss", owner=user)
    stage = Stage.objects.first()

    answer = do(client, "stage", stage=stage.pk, query=f"q=buyer&owner={user.pk}")

    job = worked_off()
    assertRedirects(answer, f"/jobs/{job.pk}/")
    assert (job.total, job.done, job.counts) == (5, 5, {"changed": 5})
    assert set(Contact.objects.filter(stage=stage).values_list("title", flat=True)) == {"Buyer"}


def test_a_change_of_what_was_filtered_by_neither_skips_nor_repeats(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    old, new = Stage.objects.all()[:2]
    for _ in range(5):
        ContactFactory(stage=old)

    do(client, "stage", stage=new.pk, query=f"stage={old.pk}")

    assert worked_off().counts == {"changed": 5}
    assert Contact.objects.filter(stage=new).count() == 5


def test_a_killed_job_goes_on_and_does_nothing_twice(
    client: Client, user: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(actions, "CHUNK", 2)
    for _ in range(5):
        ContactFactory()
    do(client, "export", query="", what="all")
    job = Job.objects.get()
    jobs.run(job.pk, seconds=0)  # the ids
    jobs.run(job.pk, seconds=0)  # the first piece
    job.refresh_from_db()
    assert (job.done, job.total) == (2, 5)

    assert worked_off().counts == {"written": 5}
    assert len(sheet(job)) == 6


def test_what_nobody_had_chosen_is_left_alone_when_it_comes_to_match_later(client: Client, user: User) -> None:
    ContactFactory(title="Buyer")
    do(client, "delete", query="q=buyer")
    job = Job.objects.get()
    jobs.run(job.pk, seconds=0)
    late = ContactFactory(title="Buyer")

    worked_off()

    assert Contact.objects.get() == late


def test_a_filter_that_is_valid_no_more_does_not_mean_everything(client: Client, user: User) -> None:
    ContactFactory()

    do(client, "delete", query="stage=999999")

    assert worked_off().state == Job.State.FAILED
    assert Contact.objects.count() == 1


@pytest.mark.parametrize("query", [{"ids": []}, {"ids": ["x"]}, {}])
def test_without_a_selection_nothing_is_done(client: Client, user: User, query: dict[str, Any]) -> None:
    ContactFactory()

    answer = client.post(ACT, {"action": "delete", "confirm": "yes", **query})

    assertRedirects(answer, "/contacts/")
    assert Contact.objects.count() == 1


def test_what_somebody_does_not_see_they_do_not_change(client: Client, user: User) -> None:
    let_see_pulled("owners")
    theirs = ContactFactory(origin=Origin.CRM_PULL, owner=UserFactory())
    mine = ContactFactory()

    do(client, "delete", theirs, mine)

    assert Contact.objects.get() == theirs


def test_rights_are_looked_at_again_when_the_job_runs(client: Client, user: User) -> None:
    row = ContactFactory(origin=Origin.CRM_PULL, owner=user)
    do(client, "delete", query="")
    job = Job.objects.get()
    jobs.run(job.pk, seconds=0)
    let_see_pulled("owners")
    Contact.objects.update(owner=UserFactory())

    assert worked_off().counts == {"not there any more": 1}
    assert Contact.objects.get() == row


def test_what_the_form_lacks_is_said_beside_the_field(client: Client, user: User) -> None:
    deal = DealFactory()

    response = do(client, "stage", deal, kind="deal", stage="")

    assertContains(response, "This field is required", status_code=422)
    assert not Job.objects.exists()


def test_a_new_owner_who_is_deactivated_meanwhile_stops_it(client: Client, user: User) -> None:
    ContactFactory()
    other = UserFactory()
    do(client, "owner", owner=other.pk, query="")
    User.objects.filter(pk=other.pk).update(is_active=False)

    job = worked_off()

    assert (job.state, job.message) == (
        "failed",
        "Select a valid choice. That choice is not one of the available choices.",
    )


def test_deleted_ones_can_be_restored(client: Client, user: User) -> None:
    rows = [ContactFactory(), ContactFactory()]

    do(client, "delete", *rows)

    assert set(DeletedRecord.objects.values_list("deleted_by", flat=True)) == {user.pk}
    assert DeletedRecord.objects.count() == 2


def test_two_are_merged_side_by_side_and_three_are_not(client: Client, user: User) -> None:
    first, second, third = ContactFactory(), ContactFactory(), ContactFactory()

    answer = client.post(ACT, {"action": "merge", "ids": [second.pk, first.pk]})
    assertRedirects(answer, f"/records/contact/{first.pk}/merge/{second.pk}/")

    answer = client.post(ACT, {"action": "merge", "ids": [first.pk, second.pk, third.pk]})
    assertRedirects(answer, "/contacts/")


def test_an_action_that_there_is_not_is_not_found(client: Client, user: User) -> None:
    assert client.post(ACT, {"action": "nonsense", "ids": [ContactFactory().pk]}).status_code == 404
    assert client.get(ACT).status_code == 405
    assert client.post("/records/nonsense/act/").status_code == 404


def test_the_selection_of_a_stranger_needs_a_sign_in(client: Client) -> None:
    assert client.post(ACT).url.startswith("/auth/login/")


def sheet(job: Job) -> list[list[str]]:
    text = b"".join(jobs.pieces(job, is_result=True)).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(text)))


class TestExport:
    def test_it_has_the_columns_that_the_list_shows(self, client: Client, user: User) -> None:
        CustomFieldFactory(key="tier", label="Tier")
        account = AccountFactory(name="Acme, Inc")
        ContactFactory(first_name="Ann", last_name="Roe", account=account, custom={"tier": "Gold"}, owner=user)

        do(client, "export", query="", what="shown", columns="owner,custom_tier,account")

        assert sheet(worked_off()) == [
            ["First name", "Last name", "Owner", "Tier", "Account"],
            ["Ann", "Roe", "Kim", "Gold", "Acme, Inc"],
        ]

    def test_nothing_in_it_is_taken_for_a_formula(self, client: Client, user: User) -> None:
        ContactFactory(last_name="=cmd|' /C calc'!A0", first_name="@sum")

        do(client, "export", query="", what="shown", columns="email")

        assert sheet(worked_off())[1][:2] == ["'@sum", "'=cmd|' /C calc'!A0"]

    def test_values_are_as_spreadsheets_read_them(self, client: Client, user: User) -> None:
        DealFactory(name="Big", amount="1234.50", close_on="2026-03-01")

        do(client, "export", kind="deal", query="", what="all")

        rows = sheet(worked_off())
        row = dict(zip(*rows, strict=True))
        assert (row["Name"], row["Amount"], row["Close date"]) == ("Big", "1234.50", "2026-03-01")

    def test_even_a_few_are_a_file_to_download(self, client: Client, user: User) -> None:
        answer = do(client, "export", ContactFactory(last_name="Roe"), what="all")

        job = Job.objects.get()
        assertRedirects(answer, f"/jobs/{job.pk}/")
        assertContains(client.get(answer.url), job.result_name)


def test_a_selection_of_ids_is_what_the_user_sees(user: User) -> None:
    row = ContactFactory()

    assert list(Selection(table_of("contact"), (row.pk, 999)).rows(user)) == [row]


class TestReaders:
    """Who may only read exports, and does nothing else with many records."""

    @pytest.fixture
    def reader(self, client: Client) -> User:
        reader = UserFactory(role=User.Role.READ_ONLY)
        client.force_login(reader)
        return reader

    def test_they_are_offered_an_export_alone(self, client: Client, reader: User) -> None:
        row = ContactFactory()

        response = client.get("/contacts/")

        assert [action.name for action, _ in response.context["actions"]] == ["export"]
        assert do(client, "export", row, what="all").status_code == 302
        assert len(sheet(Job.objects.get())) == 2

    @pytest.mark.parametrize("name", ["owner", "stage", "delete", "merge", "add_to_list"])
    def test_whatever_else_they_ask_for_is_not_found(self, client: Client, reader: User, name: str) -> None:
        rows = [ContactFactory(), ContactFactory()]

        assert do(client, name, *rows, owner=reader.pk, stage="", name="x").status_code == 404
        assert Contact.objects.filter(owner=None, stage=None).count() == 2

    def test_a_change_that_they_began_before_is_refused(self, client: Client, user: User) -> None:
        ContactFactory()
        do(client, "delete", query="")
        User.objects.filter(pk=user.pk).update(role=User.Role.READ_ONLY)

        assert worked_off().state == Job.State.FAILED
        assert Contact.objects.exists()

    def test_their_views_are_not_shared(self, client: Client, reader: User) -> None:
        client.post("/records/contact/views/", {"name": "Mine", "query": "q=ann", "is_shared": "on"})

        assert not SavedView.objects.get().is_shared
