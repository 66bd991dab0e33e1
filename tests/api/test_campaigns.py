import pytest

from common import jobs
from contacts.models import Contact
from integrations.models import CampaignMember, Connection
from tests.api.conftest import V1, Api
from tests.conftest import push_all
from tests.factories import ContactFactory, UserFactory
from tests.integrations.sync.joining import in_salesforce, work
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def campaign(synced: Connection, org: Org) -> str:
    return org.create("Campaign", Name="Spring Webinar", IsActive=True)


def test_campaigns_are_searched_in_salesforce(api: Api, campaign: str, org: Org) -> None:
    org.create("Campaign", Name="Asleep", IsActive=False)

    found = api.page("campaigns", q="webinar")
    asleep = (
        api.page("campaigns", q="asleep")["results"],
        api.page("campaigns", q="asleep", with_inactive=True)["results"],
    )

    assert [(one["crm_id"], one["name"], one["people"]) for one in found["results"]] == [
        (campaign, "Spring Webinar", 0)
    ]
    assert not found["has_more"]
    assert [len(one) for one in asleep] == [0, 1]


@pytest.mark.parametrize("length", [15, 18])
def test_a_campaign_says_what_its_members_can_be(api: Api, campaign: str, length: int) -> None:
    one = api.get(f"{V1}campaigns/{campaign[:length]}/").json()

    assert (one["crm_id"], one["name"]) == (campaign, "Spring Webinar")
    assert {"label": "Sent", "is_default": True} in one["statuses"]


def test_contacts_are_added_and_asked_for_by_their_job(api: Api, campaign: str, org: Org) -> None:
    (there,), new = in_salesforce(org), ContactFactory(last_name="New")

    answer = api.post(f"{V1}campaigns/{campaign}/add/", {"ids": [there.pk, new.pk], "status": "Responded"})
    job = answer.json()["job"]
    waiting = api.page("campaign-members", job=job)["results"]
    push_all()
    work()
    jobs.run(job)

    assert answer.status_code == 202
    assert {one["state"] for one in waiting} == {"waiting"}
    rows = api.page("campaign-members", job=job, campaign=campaign[:15])["results"]
    assert {(one["contact"], one["state"], one["status"], one["actor"]) for one in rows} == {
        (one.pk, "added", "Responded", api.user.pk) for one in (there, new)
    }
    members = org.query(
        f"SELECT ContactId FROM CampaignMember WHERE CampaignId = '{campaign}' AND Status = 'Responded'"
    )
    new.refresh_from_db()
    assert {one["ContactId"] for one in members} == {there.crm_id, new.crm_id}


def test_without_a_status_it_is_the_campaigns_default(api: Api, campaign: str, org: Org) -> None:
    api.post(f"{V1}campaigns/{campaign}/add/", {"ids": [in_salesforce(org)[0].pk]})

    assert CampaignMember.objects.get().status == "Sent"


def test_the_same_key_adds_once(api: Api, campaign: str, org: Org) -> None:
    path, body = f"{V1}campaigns/{campaign}/add/", {"ids": [in_salesforce(org)[0].pk]}

    first, second = (api.post(path, body, headers={"Idempotency-Key": "one"}) for _ in range(2))

    assert first.json() == second.json()
    assert CampaignMember.objects.count() == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [({"ids": []}, "ids"), ({"ids": [999_999]}, "ids"), ({"ids": None, "status": "Nowhere"}, "status")],
    ids=str,
)
def test_what_is_wrong_is_told_and_nobody_is_added(
    api: Api, campaign: str, org: Org, body: dict[str, object], field: str
) -> None:
    if body["ids"] is None:
        body = {**body, "ids": [in_salesforce(org)[0].pk]}

    answer = api.post(f"{V1}campaigns/{campaign}/add/", body)

    assert answer.status_code == 400
    assert field in answer.json()["errors"]
    assert not CampaignMember.objects.exists()


def test_what_is_no_campaign_is_not_found(api: Api, campaign: str) -> None:
    assert api.get(f"{V1}campaigns/001000000000001/").status_code == 404
    assert api.get(f"{V1}campaigns/?search=x").status_code == 400


def test_a_campaign_that_is_gone_is_not_found(api: Api, campaign: str, org: Org) -> None:
    contact = in_salesforce(org)[0]
    org.delete("Campaign", campaign)

    answers = [
        api.get(f"{V1}campaigns/{campaign}/"),
        api.post(f"{V1}campaigns/{campaign}/add/", {"ids": [contact.pk]}),
    ]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert "not in Salesforce any more" in answers[0].json()["detail"]


def test_while_salesforce_cannot_be_asked_the_reason_is_told(api: Api) -> None:
    contact = ContactFactory()

    answers = [
        api.get(f"{V1}campaigns/"),
        api.get(f"{V1}campaigns/701000000000001/"),
        api.post(f"{V1}campaigns/701000000000001/add/", {"ids": [contact.pk]}),
    ]

    assert {answer.status_code for answer in answers} == {409}
    assert all("onnect" in answer.json()["detail"] for answer in answers)


def test_readers_add_nobody(campaign: str, org: Org) -> None:
    reader = Api(UserFactory(role=User.Role.READ_ONLY))

    answer = reader.post(f"{V1}campaigns/{campaign}/add/", {"ids": [in_salesforce(org)[0].pk]})

    assert answer.status_code == 403
    assert not CampaignMember.objects.exists()


def test_members_are_those_of_contacts_that_one_sees(api: Api, campaign: str, org: Org) -> None:
    one, other = in_salesforce(org, 2)
    api.post(f"{V1}campaigns/{campaign}/add/", {"ids": [one.pk, other.pk]})

    Contact.objects.filter(pk=other.pk).delete()

    assert [row["contact"] for row in api.page("campaign-members")["results"]] == [one.pk]
