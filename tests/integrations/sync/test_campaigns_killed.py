"""Workers that are killed with SIGKILL while they add people to a campaign: everybody is in it once."""

import random

import pytest
from django.utils import timezone

from contacts.models import Contact
from integrations import tasks
from integrations.models import CampaignMember, Connection, ErrorEntry
from tests.integrations.sync.joining import ask, later, make_campaign, members_of, work
from tests.salesforce_org import Org
from tests.workers import KILL_SEED, kill_after, worker
from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
MANY = 1_000
KILLS = 5


def test_a_thousand_people_survive_killed_workers(synced: Connection, org: Org, admin: User) -> None:
    chance = random.Random(KILL_SEED)
    org.create_many("Contact", [{"LastName": f"Killed {n}"} for n in range(MANY)])
    rows = org.query("SELECT Id FROM Contact WHERE LastName LIKE 'Killed %'")
    people = Contact.objects.bulk_create(
        Contact(last_name=f"Killed {n}", crm_id=row["Id"], crm_object="Contact") for n, row in enumerate(rows)
    )
    campaign = make_campaign(org, admin)
    ask(campaign, people, admin)
    org.faults({"match": {"method": "POST", "path": "composite/sobjects$"}, "do": "delay", "delay_ms": 200})

    for _ in range(KILLS):
        kill_after(
            worker(tasks.push_members, "people", 60, org=org),
            lambda: CampaignMember.objects.exclude(sent_at=None).filter(claimed_until__gt=timezone.now()).exists(),
            chance,
        )
        org.wait_for_the_dead()
        later()
    org.faults()
    for _ in range(3):
        work()
        later()

    assert set(members_of(org, campaign)) == {one.crm_id for one in people}, f"seed {KILL_SEED}"
    assert not CampaignMember.objects.exclude(state="added").exists(), f"seed {KILL_SEED}"
    assert not ErrorEntry.objects.exists()
