"""Pages of campaigns: choosing one, the job with what became of each, the card of a person, and who may."""

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from common import jobs
from common.models import Job
from contacts.models import Contact
from directory.loading import load_prospects
from directory.models import Prospect
from integrations import campaigns, checking
from integrations.models import Campaign, CampaignMember, Connection, ErrorEntry
from tests.conftest import push_all
from tests.factories import AdminFactory, ContactFactory, UserFactory
from tests.integrations.sync.joining import in_salesforce, later, make_campaign, members_of, work
from tests.integrations.sync.test_campaigns import NO_WRITES
from tests.integrations.test_permissions import login_of, restrict
from tests.pages import CaptureQueries
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
OPTIONS = "/settings/integrations/salesforce/campaigns/"
STATUSES = f"{OPTIONS}statuses/"


@pytest.fixture(autouse=True)
def _signed_in(client: Client, admin: User) -> None:
    client.force_login(admin)


@pytest.fixture
def campaign(synced: Connection, org: Org, admin: User) -> Campaign:
    return make_campaign(org, admin)


def act(client: Client, *people: Contact, kind: str = "contact", action: str = "campaign", **data: str) -> HttpResponse:
    ids = [one.pk for one in people]
    return client.post(f"/records/{kind}/act/", {"action": action, "ids": ids, **data})


def confirm(client: Client, campaign: Campaign, *people: Contact, **data: str) -> Job:
    answer = act(client, *people, confirm="yes", campaign=campaign.remote_id, status="Sent", **data)
    assert answer.status_code == 302, answer.content.decode()
    return Job.objects.get()


def finish(job: Job) -> Job:
    work()
    jobs.run(job.pk)
    job.refresh_from_db()
    return job


def test_people_are_added_and_the_job_counts_what_became_of_each(client: Client, campaign: Campaign, org: Org) -> None:
    person, already = in_salesforce(org, 2)
    wrong = ContactFactory(last_name="Wrong", email="not an address")
    org.create("CampaignMember", CampaignId=campaign.remote_id, ContactId=already.crm_id)

    job = confirm(client, campaign, person, already, wrong)
    assert job.state == Job.State.RUNNING
    assert job.claimed_until is None  # it waits for others, and holds no worker
    push_all()
    job = finish(job)

    assert job.state == Job.State.DONE
    assert job.counts == {"added": 1, "in it already": 1, "refused": 1}
    assert (job.done, job.total) == (3, 3)
    page = client.get(reverse("integrations:campaign_people", args=[job.pk]))
    assertContains(page, "In it already")
    assertContains(page, "The person is not in Salesforce.")
    assertContains(client.get(reverse("job", args=[job.pk])), reverse("integrations:campaign_people", args=[job.pk]))


def test_whoever_comes_later_corrects_the_job_that_had_ended(client: Client, campaign: Campaign, org: Org) -> None:
    wrong = ContactFactory(last_name="Wrong", email="not an address")
    job = confirm(client, campaign, wrong)
    push_all()
    job = finish(job)
    assert job.counts == {"refused": 1}

    wrong.email = "right@join.example"
    wrong.save(update_fields=["email"])
    push_all()
    job = finish(job)

    assert job.counts == {"added": 1}


def test_active_campaigns_are_offered_newest_first_and_bounded(client: Client, campaign: Campaign, org: Org) -> None:
    org.create_many("Campaign", [{"Name": f"Series {n}", "IsActive": True} for n in range(25)])
    org.create("Campaign", Name="Asleep", IsActive=False)

    page = client.get(OPTIONS)
    assert len(page.context["campaigns"]) == 20
    assert page.context["campaigns"][0].name.startswith("Series")
    assertContains(page, "These are the newest 20.")

    assert [one.name for one in client.get(OPTIONS, {"words": "webinar spring"}).context["campaigns"]] == [
        "Spring Webinar"
    ]
    assertContains(client.get(OPTIONS, {"words": "Asleep"}), "No active campaign has “Asleep” in its name.")
    assertContains(client.get(OPTIONS, {"words": "Asleep", "inactive": "yes"}), "Not active")
    assert not client.get(OPTIONS, {"words": "100%_' OR Name != '"}).context["campaigns"]


def test_the_statuses_of_the_campaign_are_offered_the_default_one_chosen(
    client: Client, campaign: Campaign, org: Org
) -> None:
    org.create("CampaignMemberStatus", CampaignId=campaign.remote_id, Label="Attended", IsDefault=True)

    page = client.post(STATUSES, {"campaign": campaign.remote_id[:15]})

    assertContains(page, '<option value="Attended" selected>Attended (default)</option>', html=True)
    assertContains(page, '<option value="Responded">Responded</option>', html=True)


def test_what_was_not_chosen_is_said_at_the_field(client: Client, campaign: Campaign) -> None:
    person = ContactFactory()

    page = act(client, person, confirm="yes")
    assertContains(page, "Choose the campaign.", status_code=422)
    page = act(client, person, confirm="yes", campaign=campaign.remote_id, status="Dancing")
    assertContains(page, "has no status “Dancing”", status_code=422)
    page = act(client, person, confirm="yes", campaign="701000000000000AAA", status="Sent")
    assertContains(page, "Choose the campaign again", status_code=422)

    assert not Job.objects.exists()


def test_a_campaign_that_is_gone_is_said_when_it_is_chosen(client: Client, campaign: Campaign, org: Org) -> None:
    org.delete("Campaign", campaign.remote_id)

    assertContains(client.post(STATUSES, {"campaign": campaign.remote_id}), "not in Salesforce any more")


def test_while_salesforce_is_away_the_search_says_so_and_offers_to_ask_again(
    client: Client, campaign: Campaign, org: Org
) -> None:
    org.faults({"match": {"path": "/query"}, "do": "status", "status": 503, "times": 1})

    assertContains(client.get(OPTIONS), "Ask again")


def test_without_the_right_the_option_is_there_disabled_and_says_whom_to_ask(
    client: Client, campaign: Campaign, org: Org
) -> None:
    seller = UserFactory()
    login = login_of(campaign.connection, org, "Standard User", seller)
    (person,) = in_salesforce(org)
    client.force_login(seller)
    checking.check(login)
    assertNotContains(client.get("/contacts/"), "it needs Edit on Campaigns")

    restrict(org, "Standard User", "Campaign", **NO_WRITES)
    checking.check(login)

    assertContains(client.get("/contacts/"), 'value="campaign"')
    assertContains(client.get("/contacts/"), "it needs Edit on Campaigns")
    assertContains(client.get(person.get_absolute_url()), "Ask the admin of your Salesforce org for it.")
    assertContains(client.get(OPTIONS), "it needs Edit on Campaigns")
    act(client, person, confirm="yes", campaign=campaign.remote_id, status="Sent")
    assert not Job.objects.exists()
    client.force_login(AdminFactory())
    assertContains(client.get(reverse("integrations:login", args=[login.pk])), "it needs Edit on Campaigns")


def test_during_the_setup_window_it_says_why_not(client: Client, connection: Connection) -> None:
    ContactFactory()

    assertContains(client.get("/contacts/"), "The setup window is still open")
    assertContains(client.get(OPTIONS), "The setup window is still open")


def test_the_card_of_a_person_names_the_latest_campaigns(
    client: Client, campaign: Campaign, org: Org, admin: User
) -> None:
    (person,) = in_salesforce(org)
    for n in range(4):
        series = Campaign.objects.create(connection=campaign.connection, remote_id=f"701{n}", name=f"Series {n}")
        CampaignMember.objects.create(campaign=series, record_id=person.pk, status="Sent", state="added")

    card = client.get(reverse("integrations:panel", args=["contact", person.pk]))

    assertContains(card, "Series 3")
    assertContains(card, "and 1 more")
    assertNotContains(card, "Series 0")


def test_from_a_record_the_page_leads_back_to_it(client: Client, campaign: Campaign) -> None:
    person = ContactFactory(first_name="Rosa", last_name="Trial")

    page = act(client, person, of="record")

    assertContains(page, "Push to campaign: Rosa Trial")
    assertContains(page, f'href="{person.get_absolute_url()}"')


def test_people_of_the_directory_are_saved_first(client: Client, campaign: Campaign, org: Org, admin: User) -> None:
    load_prospects([{"key": "1", "last_name": "Nilsson", "email": "nilsson@join.example"}])
    prospect = Prospect.objects.get()

    answer = act(
        client, prospect, kind="prospect", action="save_and_campaign", confirm="yes", campaign=campaign.remote_id,
        status="Sent",
    )  # fmt: skip
    push_all()
    job = finish(Job.objects.get())

    assert answer.status_code == 302
    contact = Contact.objects.get(email="nilsson@join.example")
    assert contact.origin == "prospecting"
    assert job.counts == {"saved": 1, "added": 1}
    assert members_of(org, campaign) == {contact.crm_id: "Sent"}


def test_the_error_log_tells_of_it_and_tries_again(client: Client, campaign: Campaign, org: Org) -> None:
    (person,) = in_salesforce(org)
    job = confirm(client, campaign, person)
    org.delete("Campaign", campaign.remote_id)
    finish(job)
    entry = ErrorEntry.objects.get()

    assertContains(client.get(reverse("integrations:errors")), "for “Spring Webinar”")
    assertContains(client.get(reverse("integrations:error", args=[entry.pk])), "Could not be added to the campaign")
    org.control("undelete", ids=[campaign.remote_id])
    client.post(reverse("integrations:errors_retry"), {"entry": entry.pk})
    later()
    finish(job)

    assert CampaignMember.objects.get().state == "added"
    assert job.counts == {"added": 1}


def test_the_pages_of_others_jobs_are_not_shown(client: Client, campaign: Campaign, org: Org) -> None:
    (person,) = in_salesforce(org)
    job = confirm(client, campaign, person)
    client.force_login(UserFactory())

    assert client.get(reverse("integrations:campaign_people", args=[job.pk])).status_code == 404


def test_the_table_of_people_costs_the_same_for_one_and_for_many(client: Client, campaign: Campaign, org: Org) -> None:
    people = in_salesforce(org, 8)
    job = confirm(client, campaign, *people[:1])
    address = reverse("integrations:campaign_people", args=[job.pk])
    client.get(address)
    with CaptureQueries() as one:
        client.get(address)
    campaigns.add(campaign, "Sent", [person.pk for person in people[1:]], user=job.user, job=job)
    with CaptureQueries() as many:
        client.get(address)

    assert len(many) == len(one)
