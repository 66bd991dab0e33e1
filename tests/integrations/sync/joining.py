"""What tests of campaigns begin with: people, a campaign of the org, and the workers that add them."""

from collections.abc import Sequence

from django.utils import timezone

from common import jobs
from common.models import Job
from contacts.models import Contact
from integrations import campaigns, tasks
from integrations.models import Campaign, CampaignMember, Connection, Lane, Outbox
from tests.factories import ContactFactory
from tests.salesforce_org import Org
from users.models import User


def make_campaign(org: Org, user: User, name: str = "Spring Webinar", **fields: object) -> Campaign:
    """An active campaign of the org, chosen by somebody."""
    remote_id = org.create("Campaign", Name=name, IsActive=True, **fields)
    return campaigns.choose(user, remote_id)


def in_salesforce(org: Org, count: int = 1) -> list[Contact]:
    """People who are contacts on both sides, with nothing on its way."""
    people = [
        ContactFactory(
            last_name=f"Member {n}", crm_id=org.create("Contact", LastName=f"Member {n}"), crm_object="Contact"
        )
        for n in range(count)
    ]
    Outbox.objects.all().delete()
    return people


def ask(campaign: Campaign, people: Sequence[Contact], user: User, status: str = "Sent") -> Job:
    """Have people added, as the action does, under a job of their own."""
    job = jobs.start("test", user=user, title="Push to campaign")
    campaigns.add(campaign, status, [one.pk for one in people], user=user, job=job)
    return job


def work() -> None:
    for lane in Lane:
        tasks.push_members(lane, sleeper=lambda seconds: None)


def later() -> None:
    """Time passes: what waits is due, what was claimed by the dead is free."""
    CampaignMember.objects.update(next_attempt_at=timezone.now(), claimed_until=timezone.now())
    Connection.objects.update(paused_until=None)


def members_of(org: Org, campaign: Campaign) -> dict[str, str]:
    """Who is in a campaign over there, by the person's id, and as what."""
    rows = org.query(f"SELECT ContactId, LeadId, Status FROM CampaignMember WHERE CampaignId = '{campaign.remote_id}'")
    people = [row["ContactId"] or row["LeadId"] for row in rows]
    assert len(people) == len(set(people))
    return {row["ContactId"] or row["LeadId"]: row["Status"] for row in rows}


def states(people: Sequence[Contact]) -> list[str]:
    rows = dict(CampaignMember.objects.order_by("pk").values_list("record_id", "state"))
    return [rows[one.pk] for one in people]
