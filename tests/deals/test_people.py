"""Who takes part in deals: services and the REST API."""

import pytest
from django.core.exceptions import ValidationError

from common import merging
from deals import services
from deals.models import Deal
from tests.api.conftest import V1, Api
from tests.factories import ContactFactory, DealFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def api() -> Api:
    return Api(UserFactory())


def told(deal: Deal) -> dict[int, tuple[str, bool]]:
    return {row.contact_id: (row.role, row.is_primary) for row in deal.roles.all()}


def test_a_new_primary_contact_takes_that_from_the_one_before() -> None:
    deal, first, second = DealFactory(), ContactFactory(), ContactFactory()
    services.add_contact(deal.pk, first)
    services.add_contact(deal.pk, second)

    services.change_role(deal.pk, second.pk, role="Evaluator", is_primary=True)

    assert told(deal) == {first.pk: ("", False), second.pk: ("Evaluator", True)}


def test_merged_deals_have_all_people_once_and_one_primary_contact() -> None:
    keep, other = DealFactory(), DealFactory()
    shared, own = ContactFactory(), ContactFactory()
    services.add_contact(keep.pk, shared)
    services.add_contact(other.pk, own)
    services.add_contact(other.pk, shared)

    merging.merge(keep, other)

    assert told(keep) == {shared.pk: ("", True), own.pk: ("", False)}


def test_the_api_says_who_takes_part_and_replaces_all_of_them(api: Api) -> None:
    first, second = ContactFactory(), ContactFactory()
    row = api.make("deals", name="Cast", people=[{"contact": first.pk, "role": "Evaluator", "is_primary": True}])
    deal = Deal.objects.get(pk=row["id"])
    kept = deal.roles.get().pk

    api.change("deals", deal.pk, people=[{"contact": second.pk}, {"contact": first.pk, "role": "Other"}])

    assert told(deal) == {first.pk: ("Other", False), second.pk: ("", False)}
    assert deal.roles.get(contact=first).pk == kept
    api.change("deals", deal.pk, next_step="Call")
    assert len(api.one("deals", deal.pk)["people"]) == 2
    api.change("deals", deal.pk, people=[])
    assert api.one("deals", deal.pk)["people"] == []


@pytest.mark.parametrize("parts", [[{}, {}], [{"is_primary": True}, {"is_primary": True, "other": True}]])
def test_nobody_is_named_twice_and_one_is_the_primary_contact(api: Api, parts: list[dict]) -> None:
    contacts = [ContactFactory(), ContactFactory()]
    people = [{"contact": contacts[part.pop("other", False)].pk, **part} for part in parts]

    answer = api.post(f"{V1}deals/", {"name": "Cast", "people": people})

    assert answer.status_code == 400
    assert not Deal.objects.filter(name="Cast").exists()


def test_what_a_part_does_not_have_is_refused(api: Api) -> None:
    errors = api.refused("deals", name="Cast", people=[{"contact": ContactFactory().pk, "roel": "Evaluator"}])

    assert errors["people"] == ["0: roel: There is no such field. Did you mean “role”?"]


def test_a_contact_takes_part_once() -> None:
    deal, person = DealFactory(), ContactFactory()
    services.add_contact(deal.pk, person)

    with pytest.raises(ValidationError, match="already"):
        services.add_contact(deal.pk, person)
