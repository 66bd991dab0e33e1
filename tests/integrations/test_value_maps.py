"""Value maps, and what becomes of records that were linked before."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from contacts.models import Contact
from integrations import aligning
from integrations.models import Alignment, Connection, ErrorEntry, FieldMapping, RecordLink, SyncEvent
from integrations.tasks import align_records
from tests.conftest import pull_all, push_all
from tests.factories import ContactFactory, CustomFieldFactory
from tests.integrations.fields import describe_field, row_of, save, table, words
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


# Value maps, and what was agreed on before


def contact_of(org: Org, **values: str) -> Contact:
    remote_id = org.create("Contact", LastName="Doe", **values)
    pull_all()
    return Contact.objects.get(crm_id=remote_id)


def test_a_value_map_that_changes_sends_nothing_and_makes_no_conflict(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both")))
    boss = contact_of(org, Title="CEO")
    assert boss.title == "Boss"

    save(admin_client, "title", "Title", **words(("Boss", "Chief", "both"), ("Head", "CEO", "both")))
    boss.phone = "+1 555 0100"
    boss.save(update_fields=["phone"])
    push_all()
    org.update("Contact", boss.crm_id, Department="Sales")
    pull_all()

    boss.refresh_from_db()
    assert (boss.title, boss.phone, boss.department) == ("Boss", "+1 555 0100", "Sales")
    assert org.get("Contact", boss.crm_id)["Title"] == "CEO"
    assert not SyncEvent.objects.filter(kind=SyncEvent.Kind.CONFLICT).exists()
    assert not row_of("title").is_compared


def test_an_edit_that_waits_goes_out_in_the_new_words(admin_client: Client, synced: Connection, org: Org) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both"), ("Helper", "Aide", "both")))
    boss = contact_of(org, Title="CEO")
    boss.title = "Helper"
    boss.save(update_fields=["title"])

    save(admin_client, "title", "Title", **words(("Boss", "Chief", "both"), ("Helper", "Assistant", "both")))
    push_all()

    assert org.get("Contact", boss.crm_id)["Title"] == "Assistant"


def test_their_edit_that_is_yet_to_be_pulled_comes_in_the_new_words(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both")))
    boss = contact_of(org, Title="CEO")
    org.update("Contact", boss.crm_id, Title="Aide")

    save(admin_client, "title", "Title", **words(("Boss", "Chief", "both"), ("Helper", "Aide", "both")))
    pull_all()

    boss.refresh_from_db()
    assert boss.title == "Helper"


def test_a_changed_value_map_is_applied_to_existing_records_when_asked_for(
    admin_client: Client, synced: Connection, org: Org, admin: User
) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both")))
    boss = contact_of(org, Title="CEO")

    page = save(admin_client, "title", "Title", **words(("Head", "CEO", "both"))).content.decode()
    aligning.start(synced, "Contact", ["title"], Alignment.How.TAKE, admin)
    align_records()

    boss.refresh_from_db()
    assert "existing records" in page
    assert boss.title == "Head"


def test_values_of_a_multi_picklist_follow_their_map(admin_client: Client, synced: Connection, org: Org) -> None:
    field = CustomFieldFactory(type="multi_picklist", choices=["Red", "Blue"], key="colours")
    describe_field(synced, "Contact", "Title", type="multipicklist", values=["R", "B"])
    save(admin_client, "title", "")
    save(admin_client, f"custom.{field.key}", "Title", **words(("Red", "R", "both"), ("Blue", "B", "both")))
    contact = ContactFactory(custom={"colours": ["Red", "Blue"]})
    link = RecordLink.objects.filter(remote_object="Contact").first()
    RecordLink.objects.filter(pk=link.pk).update(record_id=contact.pk, base={"Title": "B;R"}, base_ours={})

    save(admin_client, f"custom.{field.key}", "Title", **words(("Red", "Rot", "both"), ("Blue", "B", "both")))

    link.refresh_from_db()
    assert link.base_ours == {"Title": "B;Rot"}


def test_a_value_that_is_in_no_row_is_an_error_where_that_is_chosen(
    admin_client: Client, synced: Connection, org: Org
) -> None:
    save(admin_client, "title", "Title", unlisted="refuse", **words(("Boss", "CEO", "both")))
    boss = contact_of(org, Title="CEO")
    boss.title = "Clown"
    boss.save(update_fields=["title"])
    push_all()

    entry = ErrorEntry.objects.open().get()
    assert (entry.code, entry.details["value"]) == ("VALUE_NOT_MAPPED", "Clown")
    assert org.get("Contact", boss.crm_id)["Title"] == "CEO"

    stranger = contact_of(org, Title="Juggler")
    assert stranger.title == ""


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ((("Boss", "CEO", "both"), ("Boss", "Chief", "both")), "has 2 values in Salesforce"),
        ((("Boss", "CEO", "both"), ("Head", "CEO", "both")), "has 2 values here"),
    ],
)
def test_a_value_map_that_says_two_things_is_refused(
    rows: Any, message: str, admin_client: Client, connection: Connection
) -> None:
    response = save(admin_client, "title", "Title", **words(*rows))

    assert response.status_code == 422
    assert message in response.content.decode()


def test_several_values_may_mean_one_where_one_way_says_which(admin_client: Client, connection: Connection) -> None:
    save(admin_client, "title", "Title", **words(("Boss", "CEO", "both"), ("Head", "CEO", "out"), ("", "Half", "both")))

    assert [row["ours"] for row in row_of("title").value_map] == ["Boss", "Head"]


def test_values_of_both_sides_are_listed_and_paired_by_name(admin_client: Client, connection: Connection) -> None:
    CustomFieldFactory(type="picklist", choices=["secondary", "Other"], key="level", label="Rank")
    form = {"field": "custom.level", "remote": "Level__c", "fill": "1"}

    page = admin_client.post(reverse("integrations:pair_draft", args=["Contact"]), form | words()).content.decode()

    assert 'value="secondary"' in page
    assert page.index('value="secondary"') < page.index('value="Secondary"', page.index('value="secondary"'))
    assert 'value="Other"' in page


def test_a_word_that_a_restricted_picklist_does_not_have_is_refused(
    admin_client: Client, connection: Connection
) -> None:
    CustomFieldFactory(type="picklist", choices=["Gold"], key="level", label="Rank")
    describe_field(connection, "Contact", "Level__c", is_restricted=True)

    said = admin_client.post(
        reverse("integrations:pair_draft", args=["Contact"]), {"field": "custom.level", "remote": "Level__c"}
    ).content.decode()
    response = save(admin_client, "custom.level", "Level__c", **words(("Gold", "Platinum", "both")))

    assert "does not allow “Gold”: add them to the value map" in said
    assert response.status_code == 422
    assert "does not allow “Platinum”" in response.content.decode()


# Records that were linked before


def test_another_pair_forgets_what_the_old_one_agreed_on(admin_client: Client, synced: Connection) -> None:
    save(admin_client, "phone", "AssistantPhone")

    bases = RecordLink.objects.filter(remote_object="Contact").values_list("base", flat=True)
    assert bases
    assert all("Phone" not in base and "LastName" in base for base in bases)


def test_a_new_pair_waits_to_be_applied_and_what_was_said_of_the_others_stays(
    admin_client: Client, synced: Connection
) -> None:
    rows = [{"ours": "Boss", "theirs": "CEO", "way": "both"}]
    FieldMapping.objects.filter(remote_object="Contact", field="title").update(value_map=rows)

    save(admin_client, "title", "Title", direction="in")
    page = save(admin_client, "headline", "Description").content.decode()

    title, headline = row_of("title"), row_of("headline")
    assert (title.value_map, title.direction, title.is_compared) == (rows, "in", True)
    assert (headline.is_compared, headline.winner, headline.enrichment) == (False, "object", "fill")
    assert "existing records of Contact" in page
    assert "not applied yet" in table(admin_client)


def test_both_sides_show_what_they_hold(admin_client: Client, synced: Connection, org: Org) -> None:
    contact_of(org, Title="Queen of Hearts")

    page = admin_client.get(
        reverse("integrations:pair_examples", args=["Contact"]), {"field": "headline", "remote": "Title"}
    ).content.decode()

    assert "Queen of Hearts" in page


def test_before_anything_is_linked_values_of_salesforce_are_shown_all_the_same(
    admin_client: Client, connection: Connection, org: Org
) -> None:
    url = reverse("integrations:pair_examples", args=["Contact"])

    page = admin_client.get(url, {"field": "last_name", "remote": "LastName"}).content.decode()
    org.faults({"match": {"path": "query"}, "do": "status", "status": 503})
    failed = admin_client.get(url, {"field": "last_name", "remote": "LastName"}).content.decode()

    assert "In Salesforce: " in page
    assert "nothing on the first records" not in page
    assert "Salesforce could not be asked" in failed
