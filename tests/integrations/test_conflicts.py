"""A conflict's losing value can be taken back in one click."""

import pytest

from contacts.models import Contact
from deals.models import Deal
from integrations import conflicts, services
from integrations.models import Connection, SyncEvent
from tests.api.conftest import V1, Api
from tests.conftest import pull_all, push_all
from tests.factories import UserFactory
from tests.integrations.sync.dealing import change, opportunity, stage
from tests.integrations.sync.pushing import last_edit_was
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


def conflict(org: Org, *, winner: str, where: str) -> tuple[Contact, SyncEvent]:
    """Both sides changed the title, and one of them was later."""
    contact = Contact.objects.filter(crm_object="Contact").order_by("pk")[0]
    org.update("Contact", contact.crm_id, Title="Theirs")
    contact.title = "Ours"
    contact.save(update_fields=["title"])
    last_edit_was(contact, seconds=-5 if winner == "ours" else 3600)
    push_all() if where == "push" else pull_all()
    push_all()
    contact.refresh_from_db()
    assert contact.title == {"ours": "Ours", "theirs": "Theirs"}[winner]
    return contact, SyncEvent.objects.get(kind=SyncEvent.Kind.CONFLICT)


@pytest.mark.parametrize("where", ["push", "pull"])
@pytest.mark.parametrize(("winner", "lost"), [("ours", "Theirs"), ("theirs", "Ours")])
def test_the_loser_is_taken_back_and_goes_to_both_sides(
    synced: Connection, org: Org, admin: User, winner: str, lost: str, where: str
) -> None:
    contact, event = conflict(org, winner=winner, where=where)
    assert event.changes["Title"] | {"winner": "", "field": ""} == {
        "base": event.changes["Title"]["base"], "ours": "Ours", "theirs": "Theirs", "winner": "", "field": "",
    }  # fmt: skip

    assert conflicts.restore_value(event, admin)
    push_all()
    pull_all()

    contact.refresh_from_db()
    event.refresh_from_db()
    assert contact.title == lost == org.get("Contact", contact.crm_id)["Title"]
    assert event.restored_by == admin
    assert not conflicts.restore_value(event, admin)  # once more changes nothing
    assert SyncEvent.objects.filter(kind=SyncEvent.Kind.CONFLICT).count() == 1


def test_a_field_that_was_changed_since_is_left_alone(synced: Connection, org: Org, admin: User) -> None:
    contact, event = conflict(org, winner="ours", where="push")
    contact.title = "Third"
    contact.save(update_fields=["title"])

    with pytest.raises(services.Refused, match="changed since: it is “Third”"):
        conflicts.restore_value(event, admin)

    contact.refresh_from_db()
    assert contact.title == "Third"


def test_what_is_not_a_conflict_can_not_be_taken_back(synced: Connection, org: Org, admin: User) -> None:
    _, event = conflict(org, winner="ours", where="push")
    event.changes = {"Contact Somebody": {"base": "", "ours": "a", "theirs": "b"}}
    event.save()

    with pytest.raises(services.Refused, match="no value"):
        conflicts.restore_value(event, admin)


def test_a_deals_stage_can_be_taken_back(with_deals: Connection, org: Org, admin: User) -> None:
    opportunity(org, "Both ways")
    pull_all()
    deal = Deal.objects.get(name="Both ways")
    org.update("Opportunity", deal.crm_id, StageName="Value Proposition")
    change(deal, stage=stage("Needs Analysis"))
    push_all()
    event = SyncEvent.objects.filter(kind=SyncEvent.Kind.CONFLICT, changes__has_key="Stage").get()

    conflicts.restore_value(event, admin)
    push_all()

    assert org.get("Opportunity", deal.crm_id)["StageName"] == "Needs Analysis"


def test_the_api_lists_conflicts_and_takes_back(synced: Connection, org: Org, admin: User) -> None:
    contact, event = conflict(org, winner="ours", where="push")
    api = Api(admin)

    (row,) = api.page("conflicts", record_kind="contact", record_id=contact.pk)["results"]
    first = api.post(f"{V1}conflicts/{event.pk}/restore/")
    again = api.post(f"{V1}conflicts/{event.pk}/restore/")

    assert (row["field"], row["values"]["theirs"], row["values"]["winner"]) == ("Title", "Theirs", "ours")
    assert (first.status_code, first.json(), again.json()) == (200, {"is_changed": True}, {"is_changed": False})
    contact.title = "Third"
    contact.save(update_fields=["title"])
    refused = api.post(f"{V1}conflicts/{event.pk}/restore/")
    assert refused.status_code == 409
    assert "Third" in str(refused.json())
    assert Api(UserFactory()).get(f"{V1}conflicts/").status_code == 403
