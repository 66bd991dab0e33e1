"""Random edits of deals and of who takes part in them, on both sides under faults; then quiet: both sides are equal."""

import os
import random

import pytest

from contacts.models import Contact
from deals import services
from deals.models import Deal, DealContact, Stage
from integrations.models import Connection, ErrorEntry, Outbox, RemoteRole
from integrations.sync.mapping import normal
from integrations.sync.records import ROLES
from integrations.sync.scope import Scope
from tests.conftest import push_all
from tests.integrations.sync.dealing import opportunity, pushable, roles_here, roles_there
from tests.integrations.sync.storms import Storm, be_impatient, calm
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
DEEDS = (
    *("create_here", "create_there", "edit_here", "edit_there", "move_here", "move_there"),
    *("cast_here", "cast_here", "cast_there", "cast_there", "break_something", "pull", "push", "push"),
)
STAGES = ("Prospecting", "Value Proposition", "Negotiation/Review", "Closed Won")
ROLE_NAMES = ("", "Evaluator", "Decision Maker", "Other")
FIELDS = {"next_step": "NextStep", "description": "Description", "type": "Type"}


class StormOfDeals(Storm):
    def deal(self) -> Deal | None:
        return self.any_here(Deal.objects.filter(name__startswith="Storm"))

    def opportunity(self) -> str:
        rows = self.org.query("SELECT Id FROM Opportunity WHERE Name LIKE 'Storm%' ORDER BY Id")
        return self.chance.choice(rows)["Id"] if rows else ""

    def create_here(self) -> None:
        deal = pushable(name=f"Storm {self.next()}")
        self.cast_here(deal)

    def create_there(self) -> None:
        opportunity(self.org, f"Storm {self.next()}")

    def edit_here(self) -> None:
        if deal := self.deal():
            name = self.chance.choice(list(FIELDS))
            setattr(deal, name, self.value())
            deal.save(update_fields=[name])

    def edit_there(self) -> None:
        if remote_id := self.opportunity():
            self.org.update("Opportunity", remote_id, **{self.chance.choice(list(FIELDS.values())): self.value()})

    def move_here(self) -> None:
        if deal := self.deal():
            deal.stage = Stage.objects.get(crm_value=self.chance.choice(STAGES))
            deal.save(update_fields=["stage"])

    def move_there(self) -> None:
        if remote_id := self.opportunity():
            self.org.update("Opportunity", remote_id, StageName=self.chance.choice(STAGES))

    def cast_here(self, deal: Deal | None = None) -> None:
        """Somebody comes, goes, or becomes something else."""
        deal = deal or self.deal()
        person = self.any_here(Contact.objects.filter(crm_object="Contact"))
        if deal is None or person is None:
            return
        role = self.chance.choice(ROLE_NAMES)
        if not deal.roles.filter(contact=person).exists():
            services.add_contact(deal.pk, person, role=role)
        elif self.chance.random() < 0.5:
            services.remove_contact(deal.pk, person.pk)
        else:
            services.change_role(deal.pk, person.pk, role=role, is_primary=self.chance.random() < 0.5)

    def cast_there(self) -> None:
        remote_id = self.opportunity()
        if not remote_id:
            return
        parts = self.org.query(f"SELECT Id FROM {ROLES.name} WHERE OpportunityId = '{remote_id}' ORDER BY Id")
        values = {"Role": self.chance.choice(ROLE_NAMES), "IsPrimary": self.chance.random() < 0.5}
        match self.chance.choice(["come", "go", "change"]):
            case "come":
                taken = f"SELECT ContactId FROM {ROLES.name} WHERE OpportunityId = '{remote_id}'"
                free = self.org.query(f"SELECT Id FROM Contact WHERE Id NOT IN ({taken}) ORDER BY Id")
                person = self.chance.choice(free)["Id"]
                self.org.create(ROLES.name, OpportunityId=remote_id, ContactId=person, **values)
            case "go" if parts:
                self.org.delete(ROLES.name, self.chance.choice(parts)["Id"])
            case "change" if parts:
                self.org.update(ROLES.name, self.chance.choice(parts)["Id"], **values)


def deals_here(connection: Connection, names: set[str]) -> dict[str, dict]:
    scope = Scope.load(connection, "Opportunity")
    deals = list(Deal.objects.all())
    expressed = scope.express(deals, scope.vocabulary(deals))
    return {deal.crm_id: {name: expressed[deal.pk].get(name) for name in names} for deal in deals}


def deals_there(connection: Connection, org: Org, names: set[str]) -> dict[str, dict]:
    scope = Scope.load(connection, "Opportunity")
    rows = org.query(f"SELECT Id, {', '.join(sorted(names))} FROM Opportunity")
    return {row["Id"]: {name: normal(scope.by_name[name].remote, row[name]) for name in names} for row in rows}


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


def weather(org: Org, connection: Connection, steps: int, seed: int) -> None:
    chance = random.Random(seed)
    storm = StormOfDeals(org, chance)
    for _ in range(steps):
        storm.do(chance.choice(DEEDS))
    calm(org)

    told = f"seed {seed}, {steps} steps"
    names = {"Name", "StageName", "Probability", "ForecastCategoryName", "CloseDate", *FIELDS.values()}
    assert deals_here(connection, names) == deals_there(connection, org, names), told
    for deal in Deal.objects.all():
        assert roles_here(deal) == roles_there(org, deal), f"{told}: {deal}"
    assert not Outbox.objects.exists(), told
    assert not ErrorEntry.objects.open().exists(), told
    assert (
        RemoteRole.objects.count() == DealContact.objects.count() == len(org.query(f"SELECT Id FROM {ROLES.name}"))
    ), told
    org.forget_calls()
    push_all()
    assert not org.calls(), told


@pytest.mark.parametrize("seed", [int(os.environ.get("STORM_SEED", "1")), 2])
def test_after_a_storm_both_sides_have_the_same_deals_and_people(with_deals: Connection, org: Org, seed: int) -> None:
    weather(org, with_deals, 60, seed)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(500, 504))
def test_after_a_long_storm_of_deals_both_sides_are_equal(with_deals: Connection, org: Org, seed: int) -> None:
    weather(org, with_deals, 400, seed)
