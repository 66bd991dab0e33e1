"""Pulled records that are kept to their owners: every address, asked by another member."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone
from rest_framework.test import APIClient

from accounts.models import Account
from activities.lists import services
from activities.models import Activity, Enrolment, Message
from activities.sequences.enrolling import enrol
from common import duplicates
from common.models import DeletedRecord, Job, Origin, RecordKind, Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact, JobChange
from deals.models import Deal
from directory.loading import load_prospects
from directory.models import Move, Prospect
from integrations.logins import the_connection
from integrations.models import Campaign, CampaignMember
from tests.api.conftest import V1, Api
from tests.factories import (
    AccountFactory,
    ActivityFactory,
    AdminFactory,
    ContactFactory,
    DealFactory,
    JobChunkFactory,
    RecordListFactory,
    StepFactory,
    TaskFactory,
    UserFactory,
)
from tests.pages import shown
from users.models import User

pytestmark = pytest.mark.django_db

SECRET = "Zebulon"
OF_ADMINS = re.compile(
    r"^(admin/|settings/(people|pipelines|integrations/salesforce/(?!records))|api/v1/(conflicts|errors|runs|held|logins|tombstones|pull-conditions))"
)
NOT_OF_RECORDS = re.compile(
    r"^(auth/|activities/templates/|(api/v1/)?(prospects|companies)/|api/v1/campaigns/|directory/|embedded-crm/|contacts/save/|imports/|settings/(?!integrations)|api/v1/schema|healthz|metrics|unsubscribe/)"
)
# The team's: everybody finds them, and on them what they see.
SHARED = re.compile(r"^(api/v1/)?(lists/<|sequences/(<|steps/))")


@dataclass
class World:
    """What Kim owns, and what the others should not hear of."""

    kim: User
    lee: User
    account: Account
    contact: Contact
    deal: Deal
    activity: Activity
    job: Job
    enrolment: Enrolment
    job_change: JobChange
    campaign_member: CampaignMember
    deleted_pk: int
    twins: dict[str, int]

    def pk(self, what: str) -> int:
        return getattr(self, what.replace("-", "_")).pk


@pytest.fixture
def world() -> World:
    kim, lee = UserFactory(name="Kim"), UserFactory(name="Lee")
    pulled: dict[str, Any] = {"origin": Origin.CRM_PULL, "owner": kim}
    account = AccountFactory(name=f"{SECRET} Inc", website="zeb.example", **pulled)
    contact = ContactFactory(last_name=SECRET, email="zeb@zeb.example", account=account, **pulled)
    deal = DealFactory(name=f"{SECRET} deal", account=account, **pulled)
    activity = ActivityFactory(subject=f"{SECRET} called", contact=contact, account=account, owner=kim)
    Message.objects.create(activity=activity, message_id="1@zeb.example", html=f"<p>{SECRET}</p>")
    twins = {
        "account": AccountFactory(name=f"{SECRET} twin", is_hidden=True, **pulled).pk,
        "contact": ContactFactory(last_name=f"{SECRET} twin", is_hidden=True, **pulled).pk,
        "deal": DealFactory(name=f"{SECRET} twin", is_hidden=True, **pulled).pk,
    }
    gone = ContactFactory(last_name=f"{SECRET} gone", **pulled)
    gone.delete()
    deleted = DeletedRecord.objects.get()
    job = JobChunkFactory(job__user=kim, job__title=f"Export of {SECRET}", job__state="done", is_result=True).job
    enrol(StepFactory().sequence, [contact.pk], user=kim)
    load_prospects([{"key": "1", "last_name": SECRET}])
    move = Move.objects.create(prospect=Prospect.objects.get(), from_company_name="Gamma")
    campaign = Campaign.objects.create(connection=the_connection(), remote_id="701000000000001AAA", name="Fair")
    let_see_pulled(Workspace.SeenBy.OWNERS)
    return World(
        kim,
        lee,
        account,
        contact,
        deal,
        activity,
        job,
        Enrolment.objects.get(),
        JobChange.objects.create(contact=contact, move=move),
        CampaignMember.objects.create(campaign=campaign, record_id=contact.pk, message=f"{SECRET} is refused."),
        deleted.pk,
        twins,
    )


def routes(patterns: Any = None, before: str = "") -> Iterator[str]:
    """Every address that there is, with its converters."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = before + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route


def addresses(world: World, *, of_one: bool) -> Iterator[str]:
    """Addresses of single records, or of lists, filled in with what is Kim's."""
    for route in routes():
        if OF_ADMINS.match(route) or NOT_OF_RECORDS.match(route) or ("pk>" in route) is not of_one:
            continue
        if SHARED.match(route):
            continue
        for kind in RecordKind.values:
            filled = re.sub(r"<slug:(record_)?kind>", kind, route, count=1).replace("<slug:kind>", "note")
            filled = filled.replace("sequences/people/", "enrolments/").replace("<slug:deed>", "pause")
            filled = filled.replace("<slug:decision>", "dismiss")
            filled = filled.replace("<slug:key>", "name" if "contacts/" not in route else "first_name")
            named = re.search(r"\b(account|contact|deal|job-change|job|enrolment|campaign-member)s?/", filled)
            what = named[1] if named else "activity"
            pk = world.deleted_pk if "deleted/" in filled else world.pk(what)
            filled = filled.replace("<int:pk>", str(pk)).replace("<int:contact_pk>", str(world.contact.pk))
            filled = re.sub("<int:other(_pk)?>", str(world.twins.get(what)), filled)
            assert "<" not in filled, f"The test does not know how to fill in {route}."
            yield "/" + re.sub("^enrolments/", "sequences/people/", filled)
            if filled == route.replace("<int:pk>", str(pk)):
                break


def asked(client: Client | APIClient, address: str) -> Iterator[Any]:
    for method in ("get", "post", "patch", "delete"):
        yield getattr(client, method)(address)
    yield client.get(f"{address}?edit&q={SECRET}")


def of(user: User, address: str) -> Client | APIClient:
    if address.startswith("/api/"):
        return Api(user)
    client = Client()
    client.force_login(user)
    return client


def both_clients(user: User) -> dict[bool, Client | APIClient]:
    """For the REST API (True) and for pages."""
    return {True: of(user, "/api/"), False: of(user, "/")}


def test_no_address_of_a_record_answers_another_member(world: World) -> None:
    found = list(addresses(world, of_one=True))
    clients = both_clients(world.lee)
    for address in found:
        for answer in asked(clients[address.startswith("/api/")], address):
            assert answer.status_code in {404, 405}, f"{answer.request['REQUEST_METHOD']} {address}: {answer}"
            assert SECRET not in answer.content.decode()
    assert len(found) > 40
    for row in (world.account, world.contact, world.deal, world.activity):
        before = row.updated_at
        row.refresh_from_db()
        assert row.updated_at == before


def test_the_same_addresses_answer_the_owner(world: World) -> None:
    clients = both_clients(world.kim)
    for address in addresses(world, of_one=True):
        if not address.endswith("/push/"):
            status = clients[address.startswith("/api/")].get(address).status_code
            assert status in {200, 405}, f"{address}: {status}"


def test_no_list_or_search_tells_another_member(world: World) -> None:
    ContactFactory(last_name="Open")
    clients = both_clients(world.lee)
    for address in addresses(world, of_one=False):
        for query in (f"q={SECRET}", f"account={world.account.pk}"):
            answer = clients[address.startswith("/api/")].get(f"{address}?{query}")
            body = answer.content.decode() if not answer.streaming else ""
            assert SECRET not in body.replace(f"q={SECRET}", "").replace(f'value="{SECRET}"', ""), f"{address}?{query}"


def test_the_owner_finds_them_in_lists_and_searches(world: World) -> None:
    api = Api(world.kim)
    assert api.ids("contacts", q=SECRET) == [world.contact.pk]
    assert api.ids("accounts") == [world.account.pk]
    assert api.ids("deals") == [world.deal.pk]
    assert api.ids("activities") == [world.activity.pk]
    assert SECRET in of(world.kim, "/").get("/contacts/").content.decode()


def test_a_list_shows_everybody_what_they_see(world: World) -> None:
    present = RecordListFactory()
    services.add_to_list(present, [world.contact.pk], user=None)
    for user, is_told in ((world.kim, True), (world.lee, False)):
        page = of(user, "/").get(present.get_absolute_url()).content.decode()
        assert (SECRET in page, "Nothing on this list yet" in page) == (is_told, not is_told)
        members = Api(user).get(f"{V1}lists/{present.pk}/members/").json()["results"]
        assert [row["id"] for row in members] == [world.contact.pk] * is_told
        assert Api(user).get(f"{V1}lists/", {"contact": world.contact.pk}).status_code == (200 if is_told else 400)


def test_a_sequence_shows_everybody_whom_they_see(world: World) -> None:
    sequence = world.enrolment.sequence
    for user, is_told in ((world.kim, True), (world.lee, False)):
        page = of(user, "/").get(f"{sequence.get_absolute_url()}people/").content.decode()
        assert (SECRET in page) is is_told
        assert Api(user).ids("enrolments") == [world.enrolment.pk] * is_told
        assert SECRET not in of(user, "/").get(sequence.get_absolute_url()).content.decode()


def test_records_that_people_made_are_everybodys(world: World) -> None:
    own = ContactFactory(owner=world.kim)
    assert Api(world.lee).ids("contacts") == [own.pk]


def test_a_pulled_record_without_an_owner_is_the_admins(world: World) -> None:
    Contact.objects.filter(pk=world.contact.pk).update(owner=None)
    assert Api(world.kim).ids("contacts") == []
    assert Api(AdminFactory()).ids("contacts") == [world.contact.pk]


def test_who_becomes_the_owner_sees_it_from_then_on(world: World) -> None:
    Api(world.kim).change("contacts", world.contact.pk, owner=world.lee.pk)
    assert Api(world.lee).ids("contacts") == [world.contact.pk]
    assert Api(world.kim).ids("contacts") == []


def test_nobody_reaches_a_record_by_pointing_at_it(world: World) -> None:
    lee = Api(world.lee)
    own, deal = ContactFactory(owner=world.lee), DealFactory(owner=world.lee)
    for resource, fields in (
        ("contacts", {"last_name": "New", "account": world.account.pk}),
        ("deals", {"name": "New", "account": world.account.pk}),
        ("accounts", {"name": "New", "parent": world.account.pk}),
        ("activities", {"kind": "note", "body": "x", "contact": world.contact.pk}),
        ("activities", {"kind": "note", "body": "x", "deal": world.deal.pk}),
    ):
        assert set(lee.refused(resource, **fields)) == {list(fields)[-1]}
    assert lee.patch(f"{V1}contacts/{own.pk}/", {"account": world.account.pk}).status_code == 400
    page = of(world.lee, "/")
    answer = page.post(f"/contacts/{own.pk}/lines/account/", {"account": world.account.pk})
    assert answer.status_code == 422
    answer = page.post(f"/deals/{deal.pk}/contacts/", {"contact": world.contact.pk})
    assert answer.status_code == 422
    assert not deal.roles.exists()


def test_asking_for_what_hangs_on_a_record_does_not_tell_that_it_is_there(world: World) -> None:
    api = Api(world.lee)
    for kind in ("account", "contact", "deal"):
        hidden, absent = (api.get(f"{V1}activities/", {kind: pk}) for pk in (world.pk(kind), 987_654))
        assert (hidden.status_code, hidden.json()["detail"]) == (400, absent.json()["detail"])


def test_merging_needs_both_records_to_be_seen(world: World) -> None:
    own = ContactFactory(owner=world.lee)
    answer = Api(world.lee).post(f"{V1}contacts/{own.pk}/merge/", {"other": world.contact.pk})
    assert answer.status_code == 404
    answer = Api(world.lee).post(f"{V1}contacts/{own.pk}/duplicates/{world.contact.pk}/dismiss/")
    assert answer.status_code == 404
    assert Contact.objects.filter(pk=world.contact.pk).exists()


def test_a_likeness_to_somebody_elses_record_is_found_and_not_told(world: World) -> None:
    own = ContactFactory(owner=world.lee, email=world.contact.email)
    assert duplicates.pairs_of(own).count() == 1
    assert Api(world.lee).get(f"{V1}contacts/{own.pk}/duplicates/").json() == []
    assert SECRET not in of(world.lee, "/").get(f"/contacts/{own.pk}/").content.decode()
    assert SECRET in of(AdminFactory(), "/").get(f"/contacts/{own.pk}/").content.decode()


def test_a_reference_that_one_does_not_see_survives_ones_own_edits(world: World) -> None:
    own = ContactFactory(owner=world.lee, account=world.account)
    page = of(world.lee, "/")
    options = page.get(f"/records/account/options/?name=account&account={world.account.pk}&q=x").content.decode()
    answer = page.post(f"/contacts/{own.pk}/lines/account/", {"account": world.account.pk})
    patched = Api(world.lee).patch(f"{V1}contacts/{own.pk}/", {"account": world.account.pk, "title": "CEO"})

    own.refresh_from_db()
    assert (answer.status_code, patched.status_code, own.account_id) == (200, 200, world.account.pk)
    assert f'value="{world.account.pk}"' in options
    assert SECRET not in options


def test_a_task_of_mine_about_somebody_elses_record_stays_mine(world: World) -> None:
    task = TaskFactory(contact=world.contact, owner=world.lee, subject="Mine")
    page = of(world.lee, "/")
    assert "Mine" in page.get("/").content.decode()
    form = shown(page.get(f"/activities/{task.pk}/").context["form"])
    saved = page.post(f"/activities/{task.pk}/", form | {"subject": "Done"})
    assert (saved.status_code, saved["Location"]) == (302, f"/activities/{task.pk}/")
    assert page.post(f"/activities/{task.pk}/complete/", headers={"HX-Request": "true"}).status_code == 200
    assert page.post(f"/activities/{task.pk}/delete/")["Location"] == "/"


def test_a_deal_shows_only_the_people_whom_one_sees(world: World) -> None:
    deal = DealFactory(owner=world.lee)
    deal.roles.create(contact=world.contact)
    seen = deal.roles.create(contact=ContactFactory(last_name="Seen"))
    page = of(world.lee, "/")
    body = page.get(f"/deals/{deal.pk}/").content.decode()
    assert "Seen" in body
    assert SECRET not in body
    assert page.post(f"/deals/{deal.pk}/contacts/{world.contact.pk}/remove/").status_code == 404
    assert page.post(f"/deals/{deal.pk}/contacts/{seen.contact_id}/remove/").status_code == 200


@pytest.mark.parametrize("kind", ["account", "contact", "deal"])
def test_who_gives_a_record_away_is_led_to_the_list(world: World, kind: str) -> None:
    record, page = getattr(world, kind), of(world.kim, "/")
    app = record._meta.app_label
    line = page.post(f"/{app}/{record.pk}/lines/owner/", {"owner": world.lee.pk, "initial-owner": world.kim.pk})
    assert line["HX-Redirect"] == f"/{app}/"
    form = of(world.lee, "/").get(f"/{app}/{record.pk}/edit/").context["form"]
    values = {name: form[name].value() or "" for name in form.fields}
    initial = {f"initial-{name}": value for name, value in values.items()}

    saved = of(world.lee, "/").post(f"/{app}/{record.pk}/edit/", {**values, **initial, "owner": world.kim.pk})

    assert (saved.status_code, saved["Location"]) == (302, f"/{app}/")


def test_replacing_the_people_of_a_deal_leaves_those_whom_one_does_not_see(world: World) -> None:
    deal, api = DealFactory(owner=world.lee), Api(world.lee)
    deal.roles.create(contact=world.contact, role="Buyer", is_primary=True)
    first = ContactFactory()
    changed = api.change("deals", deal.pk, people=[{"contact": first.pk}])
    assert [one["contact"] for one in changed["people"]] == [first.pk]
    api.change("deals", deal.pk, people=changed["people"])
    assert api.page("deals")["results"][0]["people"] == changed["people"]
    assert Api(world.kim).one("deals", deal.pk)["people"] == [
        {"contact": world.contact.pk, "role": "Buyer", "is_primary": True},
        {"contact": first.pk, "role": "", "is_primary": False},
    ]

    api.change("deals", deal.pk, people=[{"contact": first.pk, "is_primary": True}])

    assert [one.contact for one in deal.roles.filter(is_primary=True)] == [first]
    api.change("deals", deal.pk, people=[])
    assert [one.contact for one in deal.roles.all()] == [world.contact]


def test_only_admins_choose_who_sees_pulled_records(world: World) -> None:
    assert Api(world.lee).get(f"{V1}workspace/").json() == {"pulled_seen_by": "owners", "currency": ""}
    assert Api(world.lee).patch(f"{V1}workspace/", {"pulled_seen_by": "everyone"}).status_code == 403
    admin = Api(AdminFactory())
    assert admin.patch(f"{V1}workspace/", {"pulled_seen_by": "nobody"}).status_code == 400
    assert admin.patch(f"{V1}workspace/", {"pulled_seen_by": "everyone"}).json() == {
        "pulled_seen_by": "everyone",
        "currency": "",
    }
    assert world.contact.pk in Api(world.lee).ids("contacts")


def test_everyone_sees_pulled_records_at_first() -> None:
    contact = ContactFactory(origin=Origin.CRM_PULL, owner=UserFactory(), updated_at=timezone.now())
    assert Api(UserFactory()).ids("contacts") == [contact.pk]
