"""What people do not reach through the panel: records, lists, templates and jobs that are not theirs to see."""

from collections.abc import Callable
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from activities.models import EmailTemplate, RecordList
from common.models import Job, Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact
from integrations.embedding import doing
from integrations.models import Connection, Outbox
from tests.factories import AccountFactory, UserFactory
from tests.integrations.embedding.conftest import Frame, body, own
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
Framed = Callable[..., Frame]


@pytest.fixture
def sol(synced: Connection) -> User:
    """Who works in the panel only."""
    Connection.objects.update(lets_panel_users_in=True)
    user = UserFactory(name="Sol Seller", role=User.Role.PANEL)
    synced.panel_members.create(user=user, remote_user_id="005000000000002AAA")
    return user


def test_people_whom_a_member_does_not_see_are_out_of_reach_on_an_account_that_they_see(
    frame: Framed, account: Account, kim: User
) -> None:
    let_see_pulled(Workspace.SeenBy.OWNERS)
    Account.objects.filter(pk=account.pk).update(owner=kim)
    contact = own(account)
    Contact.objects.filter(pk=contact.pk).update(owner=UserFactory())
    panel, person = frame(kim), f"contact-{contact.pk}"

    answers = [
        panel.post("act", "owner", people=person, owner=kim.pk, confirm="yes"),
        panel.post("act", "push", people=person),
        panel.post("act", "add_to_list", people=person, name="Mine", confirm="yes"),
        panel.post("write", people=person),
        panel.post("save", people=person),
    ]

    assert {answer.status_code for answer in answers} == {409}
    assert str(contact) not in body(panel.get("mark", person))
    assert not RecordList.objects.exists()
    assert not Outbox.objects.exists()


def test_an_account_that_a_member_does_not_see_is_nobodys_to_assign(frame: Framed, account: Account, kim: User) -> None:
    let_see_pulled(Workspace.SeenBy.OWNERS)
    Account.objects.filter(pk=account.pk).update(owner=kim)
    Contact.objects.filter(account=account).update(owner=kim)
    other, person = AccountFactory(name="Hidden Ltd.", origin="crm_pull"), f"contact-{own(account).pk}"

    answer = frame(kim).post("act", "account", people=person, account=other.pk, confirm="yes")

    assert answer.status_code == 422
    assert "Hidden" not in body(answer)
    assert "Hidden" not in body(frame(kim).get("options", "account", name="account", q="hidden"))


@pytest.mark.parametrize(
    ("deed", "values"),
    [
        ("owner", {"owner": 999_999}),
        ("enrol", {"sequence": 999_999}),
        ("account", {"account": 999_999}),
        ("add_to_list", {"name": ""}),
        ("add_to_list", {"list": 999_999}),
    ],
    ids=str,
)
def test_what_is_not_there_is_refused_beside_its_field(
    frame: Framed, account: Account, kim: User, deed: str, values: dict[str, Any]
) -> None:
    answer = frame(kim).post("act", deed, people=f"contact-{own(account).pk}", confirm="yes", **values)

    assert answer.status_code == 422
    assert not RecordList.objects.exists()


def test_nobody_is_assigned_to_who_was_deactivated(frame: Framed, account: Account, kim: User) -> None:
    gone, contact = UserFactory(is_active=False), own(account)

    answer = frame(kim).post("act", "owner", people=f"contact-{contact.pk}", owner=gone.pk, confirm="yes")

    assert answer.status_code == 422


def test_lists_are_the_teams_whoever_made_them(frame: Framed, account: Account, kim: User) -> None:
    theirs = RecordList.objects.create(name="Trade fair", record_kind="contact", owner=UserFactory())

    frame(kim).post("act", "add_to_list", people=f"contact-{own(account).pk}", name="trade fair", confirm="yes")

    assert [one.contact for one in theirs.members.all()] == [own(account)]


def test_templates_that_others_keep_to_themselves_fill_nothing(frame: Framed, account: Account, kim: User) -> None:
    theirs = EmailTemplate.objects.create(name="Own", subject="Secret", body="Secret", owner=UserFactory())

    assert "Secret" not in body(frame(kim).post("write", people=f"contact-{own(account).pk}", template=theirs.pk))


def test_what_others_began_is_not_told(
    frame: Framed, account: Account, kim: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(doing, "AT_ONCE", 0)
    frame(kim).post("act", "owner", people=f"contact-{own(account).pk}", owner=kim.pk, confirm="yes")

    assert frame(UserFactory()).get("progress", Job.objects.latest("pk").pk).status_code == 404


def test_who_works_in_the_panel_only_assigns_to_the_account_on_show_and_sees_no_campaigns(
    frame: Framed, account: Account, sol: User, org: Org
) -> None:
    campaign = org.create("Campaign", Name="Spring fair", IsActive=True)
    cache.set(f"panel:{account_org()}:005000000000002AAA:{account.crm_id}", True)
    other, panel, person = AccountFactory(), frame(sol), f"contact-{own(account).pk}"
    parts = Client(headers={"Authorization": f"Panel {panel.token}", "HX-Request": "true"})

    answers = [
        panel.post("act", "account", people=person, account=other.pk, confirm="yes"),
        panel.post("act", "campaign", people=person, campaign=campaign, status="Sent", confirm="yes"),
        parts.get(reverse("integrations:campaigns")),
        parts.post(reverse("integrations:member_statuses"), {"campaign": campaign}),
    ]

    assert [answer.status_code for answer in answers] == [422, 404, 403, 403]
    assert "Spring fair" not in "".join(map(body, answers))
    assert "Push to campaign" not in body(panel.get("panel"))


def account_org() -> str:
    return Connection.objects.get().org_id
