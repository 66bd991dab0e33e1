"""What the panel shows of an account, and what people do there with its people."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core import mail
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Account
from activities.models import EmailTemplate, RecordList
from common import jobs
from common.models import Job, Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact
from directory.models import Prospect
from integrations import services
from integrations.embedding import doing
from integrations.models import Connection, ErrorEntry, Outbox, RecordLink
from tests.conftest import push_all
from tests.factories import AccountFactory, AdminFactory, ContactFactory, StepFactory, UserFactory
from tests.integrations.embedding.conftest import Frame, body, own
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
Framed = Callable[..., Frame]


def said(answer: Any) -> str:
    return answer.headers.get("HX-Trigger", "")


# --- who and what -------------------------------------------------------------------------------------------------


def test_the_page_of_the_frame_holds_nothing_of_the_account(frame: Framed, account: Account) -> None:
    answer = frame().get("account")

    assert answer.status_code == 200
    assert account.name not in body(answer)
    assert not answer.cookies


def test_who_is_not_signed_in_gets_a_way_in_whatever_cookie_they_have(frame: Framed, kim: User) -> None:
    unsigned = frame()
    unsigned.client.force_login(kim)

    answer = unsigned.get("panel")

    assert answer.status_code == 401
    assert "Sign in to Tandem" in body(answer)
    assert answer["HX-Retarget"] == "#panel"


def test_the_panel_shows_the_accounts_people_and_how_they_stand(
    frame: Framed, account: Account, prospect: Prospect, kim: User
) -> None:
    page = body(frame(kim).get("panel"))

    assert account.name in page
    assert own(account).name in page
    assert "In Salesforce" in page
    assert "Nils Nygren" in page
    assert "Net-new" in page
    assert "1 net-new" in page
    assert "Last sync" in page


@pytest.mark.parametrize("length", [15, 18])
def test_ids_of_both_lengths_are_understood(frame: Framed, account: Account, kim: User, length: int) -> None:
    answer = frame(kim).get("panel", crm_object_id=account.crm_id[:length])

    assert answer.status_code == 200
    assert account.name in body(answer)


def test_an_id_that_a_merge_took_away_finds_who_is_left(frame: Framed, account: Account, kim: User) -> None:
    RecordLink.objects.filter(remote_id=account.crm_id).update(former_ids=["001000000000999AAA"])

    assert account.name in body(frame(kim).get("panel", crm_object_id="001000000000999"))


@pytest.mark.parametrize("text", ["", "x", "003000000000001", "001'; --", "0" * 400, "001000000000001ZZZ", "\x00"])
def test_what_is_no_account_is_told_so(frame: Framed, kim: User, text: str) -> None:
    answer = frame(kim).get("panel", crm_object_id=text)

    assert answer.status_code == 404
    assert "This is not an account" in body(answer)


def test_an_account_that_is_not_here_can_be_brought_in(frame: Framed, kim: User, org: Org) -> None:
    new = org.create("Account", Name="Late Ltd.")
    panel = frame(kim)

    told = panel.get("panel", crm_object_id=new)
    waiting = panel.post("pull", crm_object_id=new)

    assert "does not have this account yet" in body(told)
    assert "Bring it in now" in body(told)
    assert "pulling=2" in body(waiting)
    assert "it has not come" in body(panel.get("panel", crm_object_id=new, pulling=16))


def test_a_hidden_account_says_that_it_is(frame: Framed, account: Account, kim: User) -> None:
    Account.objects.filter(pk=account.pk).update(is_hidden=True)

    assert "hidden in Tandem" in body(frame(kim).get("panel"))


@pytest.mark.parametrize("is_owned", [True, False])
def test_accounts_of_others_and_of_nobody_are_not_told_apart_from_unknown_ones(
    frame: Framed, account: Account, kim: User, is_owned: bool
) -> None:
    let_see_pulled(Workspace.SeenBy.OWNERS)
    Account.objects.filter(pk=account.pk).update(owner=UserFactory() if is_owned else None)
    panel = frame(kim)

    hidden, unknown = panel.get("panel"), panel.get("panel", crm_object_id="001000000000999")

    assert body(hidden) == body(unknown)
    assert "shows you no such account" in body(hidden)
    assert account.name in body(frame(AdminFactory()).get("panel"))


def test_names_are_searched_filtered_and_paged(frame: Framed, account: Account, prospect: Prospect, kim: User) -> None:
    for number in range(60):
        ContactFactory(first_name="Zoe", last_name=f"Zeta {number:02}", account=account, email="")
    panel = frame(kim)

    seen: list[str] = []
    after = ""
    for _ in range(9):
        page = panel.get("people", after=after)
        seen += [one.row.name for one in page.context["page"].people]
        after = page.context["page"].next
        if not after:
            break

    assert len(seen) == len(set(seen)) == account.contacts.count() + 1
    assert [name for name in seen if name.startswith("Zoe")] == [f"Zoe Zeta {number:02}" for number in range(60)]
    assert body(panel.get("people", q="nyg")).count('class="person"') == 1
    assert "Zeta" not in body(panel.get("people", show="crm"))
    assert "Nygren" not in body(panel.get("people", show="saved"))
    assert "Zeta" not in body(panel.get("people", has_email="yes"))
    assert "Nobody is found" in body(panel.get("people", q="qqqq"))


def test_many_people_cost_no_more_queries_than_few(
    frame: Framed, account: Account, prospect: Prospect, kim: User
) -> None:
    panel = frame(kim)
    panel.get("panel")
    with CaptureQueriesContext(database) as few:
        panel.get("panel")
    for number in range(20):
        ContactFactory(last_name=f"Many {number}", account=account)

    with CaptureQueriesContext(database) as many:
        panel.get("panel")

    assert len(many) <= len(few)


def test_who_writes_from_the_accounts_domain_is_shown_and_can_be_assigned(
    frame: Framed, account: Account, prospect: Prospect, kim: User
) -> None:
    loose = ContactFactory(first_name="Lou", last_name="Loose", email="Lou@acme.example")
    ContactFactory(last_name="Elsewhere", email="else@acme.example.org")
    panel = frame(kim)

    page = body(panel.get("panel"))
    done = panel.post("act", "account", people=f"contact-{loose.pk}", account=account.pk, confirm="yes")

    assert "Lou Loose" in page
    assert "No account yet" in page
    assert "Elsewhere" not in page
    assert "Assign account" in said(done)
    loose.refresh_from_db()
    assert loose.account == account


# --- what is done -------------------------------------------------------------------------------------------------


def test_a_new_person_is_saved_in_place(frame: Framed, account: Account, prospect: Prospect, kim: User) -> None:
    answer = frame(kim).post("save", people=f"prospect-{prospect.pk}")

    contact = Contact.objects.get(email="nils@acme.example")
    assert (contact.account, contact.owner, contact.origin) == (account, kim, "prospecting")
    assert f'id="person-contact-{contact.pk}"' in body(answer)
    assert f'hx-swap-oob="outerHTML:#person-prospect-{prospect.pk}"' in body(answer)
    assert "1 saved" in said(answer)


def test_export_saves_and_pushes(frame: Framed, account: Account, prospect: Prospect, kim: User, org: Org) -> None:
    answer = frame(kim).post("act", "push", people=f"prospect-{prospect.pk}")
    push_all()

    rows = org.query("SELECT AccountId FROM Contact WHERE Email = 'nils@acme.example'")
    assert [row["AccountId"] for row in rows] == [account.crm_id]
    assert "On its way" in body(answer)
    assert "In Salesforce" in body(
        frame(kim).get("mark", f"contact-{Contact.objects.get(email='nils@acme.example').pk}")
    )


def test_several_are_put_on_a_list_and_into_a_sequence(
    frame: Framed, account: Account, prospect: Prospect, kim: User
) -> None:
    sequence, contact, panel = StepFactory().sequence, own(account), frame(kim)
    everybody = [f"contact-{contact.pk}", f"prospect-{prospect.pk}"]

    asked = panel.post("act", "add_to_list", people=everybody)
    listed = panel.post("act", "add_to_list", people=everybody, name="Trade fair", confirm="yes")
    saved = Contact.objects.get(email="nils@acme.example")
    enrolled = panel.post("act", "enrol", people=f"contact-{saved.pk}", sequence=sequence.pk, confirm="yes")

    assert "Nils Nygren (saved first)" in body(asked)
    assert RecordList.objects.get().members.count() == 2
    assert "2 added" in said(listed)
    assert saved.enrolments.get().sequence == sequence
    assert "Add to sequence" in said(enrolled)


def test_what_is_wrong_with_an_answer_stands_beside_its_field(frame: Framed, account: Account, kim: User) -> None:
    answer = frame(kim).post("act", "add_to_list", people=f"contact-{own(account).pk}", name="", confirm="yes")

    assert answer.status_code == 422
    assert "This field is required" in body(answer)


def test_an_owner_is_assigned(frame: Framed, account: Account, kim: User) -> None:
    contact, other = own(account), UserFactory()

    frame(kim).post("act", "owner", people=f"contact-{contact.pk}", owner=other.pk, confirm="yes")

    contact.refresh_from_db()
    assert contact.owner == other
    assert Outbox.objects.filter(record_id=contact.pk, record_kind="contact", actor=kim).exists()


def test_who_left_the_account_leaves_the_list(frame: Framed, account: Account, kim: User) -> None:
    contact, other = own(account), AccountFactory()

    answer = frame(kim).post("act", "account", people=f"contact-{contact.pk}", account=other.pk, confirm="yes")

    assert f'<li id="person-contact-{contact.pk}" hx-swap-oob="delete">' in body(answer)


def test_accounts_to_assign_are_searched_for(frame: Framed, account: Account, kim: User) -> None:
    AccountFactory(name="Findable Ltd.")

    assert "Findable" in body(frame(kim).get("options", "account", name="account", q="find"))


def test_an_email_is_written_in_place(frame: Framed, account: Account, prospect: Prospect, kim: User) -> None:
    template = EmailTemplate.objects.create(name="Hello", subject="Hello {{first_name}}", body="Dear", owner=kim)
    panel, people = frame(kim), f"prospect-{prospect.pk}"

    form = panel.post("write", people=people)
    filled = panel.post("write", people=people, template=template.pk, subject="", body="")
    draft = str(form.context["form"]["draft"].value())
    texts = {"subject": "Hello {{first_name}}", "body": "Dear Nils", "draft": draft}
    empty = panel.post("write", people=people, send="yes", draft=draft)
    sent = panel.post("write", people=people, send="yes", **texts)
    again = panel.post(
        "write", people=f"contact-{Contact.objects.get(email='nils@acme.example').pk}", send="yes", **texts
    )

    assert "Hello {{first_name}}" in body(filled)
    assert empty.status_code == 422
    assert "Sent to Nils Nygren" in said(sent)
    assert again.status_code == 200
    assert [(one.to, one.subject) for one in mail.outbox] == [(["nils@acme.example"], "Hello Nils")]


def test_the_accounts_last_error_is_shown_and_tried_again(
    frame: Framed, account: Account, kim: User, synced: Connection
) -> None:
    ErrorEntry.objects.create(
        connection=synced, record_kind="account", record_id=account.pk, record_name=str(account), operation="update",
        remote_object="Account", code="STRING_TOO_LONG", message="Name is too long.",
    )  # fmt: skip
    panel = frame(kim)

    page = body(panel.get("panel"))
    retried = panel.post("retry")

    assert "Name is too long." in page
    assert "Retry" in page
    assert Outbox.objects.filter(record_kind="account", record_id=account.pk).exists()
    assert "every 2s" in body(retried)


def test_while_nothing_changes_nothing_is_swapped(
    frame: Framed, account: Account, kim: User, synced: Connection
) -> None:
    """So nobody loses their place, and no screen reader reads the same thing every two seconds."""
    contact, panel = own(account), frame(kim)
    services.queue_push([account], user=kim, is_manual=True)
    services.queue_push([contact], user=kim, is_manual=True)
    state, mark = panel.get("state"), panel.get("mark", f"contact-{contact.pk}")
    seen, seen_mark = state.context["seen"], mark.context["one"].seen

    same = panel.get("state", seen=seen), panel.get("mark", f"contact-{contact.pk}", seen=seen_mark)
    push_all()
    news = panel.get("state", seen=seen), panel.get("mark", f"contact-{contact.pk}", seen=seen_mark)

    assert f'"seen": "{seen}"' in body(state)
    assert "every 2s" in body(state)
    assert f'"seen": "{seen_mark}"' in body(mark)
    assert [answer.status_code for answer in same] == [204, 204]
    assert [answer.status_code for answer in news] == [200, 200]
    assert not any("every 2s" in body(answer) for answer in news)


def test_what_takes_longer_tells_how_far_it_is_and_shows_its_people_when_it_ended(
    frame: Framed, account: Account, kim: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    contact, panel = own(account), frame(kim)
    monkeypatch.setattr(doing, "AT_ONCE", 0)
    begun = panel.post("act", "owner", people=f"contact-{contact.pk}", owner=kim.pk, confirm="yes")
    job = Job.objects.latest("pk")

    going_on = panel.get("progress", job.pk)
    same = panel.get("progress", job.pk, seen=job.done)
    jobs.run(job.pk)
    ended = panel.get("progress", job.pk, seen=job.done)

    assert "going on in the background" in said(begun)
    assert reverse("embedding:progress", args=[job.pk]) in body(begun)
    assert "0 of 1 done" in body(going_on)
    assert same.status_code == 204
    assert "Assign owner: 1 changed" in said(ended)
    assert "panel-done" not in said(ended)  # it would close the question that somebody answers meanwhile
    assert f'hx-swap-oob="outerHTML:#person-contact-{contact.pk}"' in body(ended)
    assert "Kim Example" in body(ended)
    assert reverse("embedding:progress", args=[job.pk]) not in body(ended)


# --- what is refused ----------------------------------------------------------------------------------------------


def test_people_of_other_accounts_are_out_of_reach(frame: Framed, account: Account, kim: User) -> None:
    stranger, member = ContactFactory(), UserFactory()

    answer = frame(kim).post("act", "owner", people=f"contact-{stranger.pk}", owner=member.pk, confirm="yes")

    stranger.refresh_from_db()
    assert answer.status_code == 409
    assert stranger.owner is None


def test_an_action_that_is_none_of_the_panels_is_not_found(frame: Framed, account: Account, kim: User) -> None:
    contact = own(account)

    answer = frame(kim).post("act", "delete", people=f"contact-{contact.pk}", confirm="yes")

    assert answer.status_code == 404
    assert Contact.objects.filter(pk=contact.pk).exists()


def test_readers_look_and_change_nothing(frame: Framed, account: Account, prospect: Prospect) -> None:
    panel = frame(UserFactory(role=User.Role.READ_ONLY))

    page = body(panel.get("panel"))
    answer = panel.post("save", people=f"prospect-{prospect.pk}")

    assert "Nils Nygren" in page
    assert "hx-post" not in page
    assert answer.status_code == 403
    assert not Contact.objects.filter(email="nils@acme.example").exists()


def test_an_action_that_is_refused_now_says_why(frame: Framed, account: Account, kim: User, synced: Connection) -> None:
    synced.object_settings.filter(record_kind="contact").update(push_new=False, sync="off")
    Connection.objects.update(first_pull_finished_at=None)

    page, answer = frame(kim).get("panel"), frame(kim).post("act", "push", people=f"contact-{own(account).pk}")

    assert "The first pull is still running" in body(page)
    assert answer.status_code == 409
    assert not Outbox.objects.exists()


def test_a_token_of_the_panel_opens_nothing_else(kim: User, frame: Framed) -> None:
    headers = {"Authorization": f"Panel {frame(kim).token}"}

    assert Client().get("/api/v1/contacts/", headers=headers).status_code in (401, 403)
    assert Client().get("/contacts/", headers=headers).status_code == 302


def test_what_is_done_carries_the_name_of_who_did_it(frame: Framed, account: Account, kim: User) -> None:
    contact, panel = own(account), frame(kim)
    panel.client.force_login(UserFactory(name="Somebody else"))  # a cookie that a browser might send

    panel.post("act", "owner", people=f"contact-{contact.pk}", owner=kim.pk, confirm="yes")

    edits = reverse("record_history", args=["contact", contact.pk])
    panel.client.force_login(kim)
    history = panel.client.get(edits).content.decode()
    assert "Kim Example" in history
    assert "Somebody else" not in history


def test_people_are_pushed_to_a_campaign_of_the_org(
    frame: Framed, account: Account, prospect: Prospect, kim: User, org: Org
) -> None:
    campaign, panel = org.create("Campaign", Name="Spring fair", IsActive=True), frame(kim)
    people = {"people": f"prospect-{prospect.pk}"}
    parts = Client(headers={"Authorization": f"Panel {panel.token}", "HX-Request": "true"})

    asked = panel.post("act", "campaign", **people)
    found = parts.get(reverse("integrations:campaigns"))
    statuses = parts.post(reverse("integrations:member_statuses"), {"campaign": campaign})
    done = panel.post("act", "campaign", campaign=campaign, status="Sent", confirm="yes", **people)

    assert "Search campaigns by name" in body(asked)
    assert "Spring fair" in body(found)
    assert "Sent" in body(statuses)
    assert "Push to campaign: 1 saved" in said(done)


def test_parts_that_pages_show_as_well_ask_a_session_for_its_csrf_token(kim: User, synced: Connection) -> None:
    window = Client(enforce_csrf_checks=True)
    window.force_login(kim)

    answer = window.post(reverse("integrations:member_statuses"), {"campaign": "701000000000001"})

    assert answer.status_code == 403
    assert Client().get(reverse("integrations:campaigns")).status_code == 302
