from typing import Any

import pytest

from common.models import Origin, Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact, JobChange
from directory.loading import load_companies, load_prospects
from directory.models import Company, Prospect
from tests.api.conftest import V1, Api
from tests.factories import AccountFactory, ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def change(db: None) -> JobChange:
    """Ann went from Acme to Beta."""
    ContactFactory(
        first_name="Ann", last_name="Roe", email="ann@acme.example", title="Buyer", account=AccountFactory(name="Acme")
    )
    load_companies([{"key": key, "name": key, "domain": f"{key.lower()}.example"} for key in ("Acme", "Beta")])
    ann = {"key": "1", "first_name": "Ann", "last_name": "Roe", "title": "Buyer"}
    load_prospects([{**ann, "email": "ann@acme.example", "company_key": "Acme"}])
    load_prospects([{**ann, "email": "ann@beta.example", "company_key": "Beta", "title": "Head"}])
    return JobChange.objects.get()


def decide(api: Api, change: JobChange, decision: str) -> Any:
    return api.post(f"{V1}job-changes/{change.pk}/decide/", {"decision": decision})


def test_what_is_to_be_decided_is_listed(api: Api, change: JobChange) -> None:
    (row,) = api.page("job-changes")["results"]

    assert (row["contact"], row["state"], row["from_company"]) == (change.contact_id, "open", "Acme")
    assert (row["company_name"], row["title"], row["email"]) == ("Beta", "Head", "ann@beta.example")
    assert (row["prospect"], row["company"]) == (Prospect.objects.get().pk, Company.objects.get(name="Beta").pk)
    assert row["new_contact"] is None


def test_a_new_contact_is_made(api: Api, change: JobChange) -> None:
    row = decide(api, change, "new").json()

    new = Contact.objects.get(pk=row["new_contact"])
    assert (row["state"], row["decided_by"]) == ("new", api.user.pk)
    assert (new.email, new.account.name, new.owner) == ("ann@beta.example", "Beta", api.user)
    assert api.ids("job-changes") == []
    assert api.ids("job-changes", state="new") == api.ids("job-changes", state="any") == [change.pk]


def test_the_contact_is_updated(api: Api, change: JobChange) -> None:
    assert decide(api, change, "update").json()["state"] == "updated"

    change.contact.refresh_from_db()
    assert (change.contact.title, change.contact.account.name) == ("Head", "Beta")


def test_it_is_dismissed_and_decided_once(api: Api, change: JobChange) -> None:
    assert decide(api, change, "dismiss").json()["state"] == "dismissed"

    again = decide(api, change, "new")

    assert again.status_code == 409
    assert "decided already: dismissed" in again.json()["detail"]
    assert Contact.objects.count() == 1


def test_a_company_that_the_directory_lost_is_told(api: Api, change: JobChange) -> None:
    Prospect.objects.update(company=None)

    answer = decide(api, change, "update")

    assert answer.status_code == 409
    assert "does not have the new company" in answer.json()["detail"]


def test_another_decision_is_none(api: Api, change: JobChange) -> None:
    assert "decision" in decide(api, change, "forget").json()["errors"]


def test_readers_look_and_decide_nothing(change: JobChange) -> None:
    reader = Api(UserFactory(role=User.Role.READ_ONLY))

    assert reader.ids("job-changes") == [change.pk]
    assert decide(reader, change, "dismiss").status_code == 403


def test_those_of_contacts_that_one_does_not_see_are_not_there(api: Api, change: JobChange) -> None:
    let_see_pulled(Workspace.SeenBy.OWNERS)
    Contact.objects.update(owner=UserFactory(), origin=Origin.CRM_PULL)

    assert api.ids("job-changes", state="any") == []
    assert decide(api, change, "dismiss").status_code == 404
    change.refresh_from_db()
    assert change.state == "open"


def test_many_cost_no_more_queries_than_few(api: Api, change: JobChange, django_assert_max_num_queries: Any) -> None:
    for number in range(5):
        contact = ContactFactory(last_name=f"Other {number}")
        JobChange.objects.create(contact=contact, move=change.move)

    with django_assert_max_num_queries(8):
        assert len(api.ids("job-changes")) == 6
