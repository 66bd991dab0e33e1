"""Workers that are killed with SIGKILL while they add people to a campaign: everybody is in it once."""

import random

import pytest

from contacts.models import Contact
from integrations.models import CampaignMember, Connection, ErrorEntry
from tests.integrations.sync.joining import ask, later, make_campaign, members_of, work
from tests.integrations.sync.test_killed import SEED, kill_after, worker
from tests.salesforce_org import Org
from users.models import User

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.long]
MANY = 1_000
KILLS = 5


def test_a_thousand_people_survive_killed_workers(synced: Connection, org: Org, admin: User) -> None:
    chance = random.Random(SEED)
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
            worker(org, "tasks.push_members('people', 60)"),
            lambda: CampaignMember.objects.filter(sent_at__isnull=False).exists(),
            chance,
        )
        later()
    org.faults()
    for _ in range(3):
        work()
        later()

    assert set(members_of(org, campaign)) == {one.crm_id for one in people}, f"seed {SEED}"
    assert not CampaignMember.objects.exclude(state="added").exists(), f"seed {SEED}"
    assert not ErrorEntry.objects.exists()
