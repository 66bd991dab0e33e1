"""Pull conditions: which pulled records are shown, and that the others still count."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from accounts.models import Account
from common.models import Origin
from contacts.models import Contact, Stage
from integrations import tasks, tuning
from integrations.models import Connection, ObjectSettings, PullCondition
from integrations.sync.conditions import OPERATORS, Unfit, condition
from integrations.sync.records import RECORD_TYPES, Type
from integrations.sync.showing import CHUNK, show_and_hide
from integrations.tuning import Asked
from tests.api.conftest import V1, Api
from tests.conftest import pull_all
from tests.factories import AccountFactory, ContactFactory, CustomFieldFactory, DealFactory, UserFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db

MOMENT = datetime(2026, 5, 1, 12, tzinfo=UTC)


def meets(record: Any, kind: str, field: str, operator: str, *values: str) -> bool:
    found = condition(RECORD_TYPES[kind].fields[field], operator, values)
    return type(record)._default_manager.filter(found, pk=record.pk).exists()


@pytest.mark.parametrize(
    ("operator", "values", "is_met"),
    [
        ("is", ["acme"], True),
        ("is", ["Globex", "ACME"], True),
        ("is", ["Acm"], False),
        ("is_not", ["Acme"], False),
        ("is_not", ["Globex"], True),
        ("contains", ["CM"], True),
        ("starts_with", ["me"], False),
        ("is_empty", [], False),
        ("is_filled", [], True),
        ("is", ["100%_"], False),
        ("contains", ["%"], False),
    ],
)
def test_texts(operator: str, values: list[str], is_met: bool) -> None:
    CustomFieldFactory(key="tag", type="text")
    contact = ContactFactory(company_name="Acme", custom={"tag": "Acme"})
    assert meets(contact, "contact", "company_name", operator, *values) is is_met
    assert meets(contact, "contact", "custom.tag", operator, *values) is is_met


@pytest.mark.parametrize("custom", [{}, {"tag": None}, {"tag": ""}])
def test_nothing_is_empty_and_is_not_something(custom: dict[str, Any]) -> None:
    CustomFieldFactory(key="tag", type="text")
    contact = ContactFactory(company_name="", custom=custom)
    for field in ("company_name", "custom.tag"):
        assert meets(contact, "contact", field, "is_empty")
        assert not meets(contact, "contact", field, "is_filled")
        assert meets(contact, "contact", field, "is_not", "Acme")
        assert not meets(contact, "contact", field, "is", "Acme")


@pytest.mark.parametrize(
    ("operator", "value", "is_met"),
    [("over", "99", True), ("over", "100", False), ("under", "101", True), ("is", "100.0", True)],
)
def test_numbers(operator: str, value: str, is_met: bool) -> None:
    CustomFieldFactory(key="size", type="number", decimals=1, record_kind="account")
    account = AccountFactory(employees=100, annual_revenue=100, custom={"size": 100})
    for field in ("employees", "annual_revenue", "custom.size"):
        assert meets(account, "account", field, operator, value) is is_met
    empty = AccountFactory()
    for field in ("employees", "custom.size"):
        assert not meets(empty, "account", field, operator, value)
        assert meets(empty, "account", field, "is_not", value)


def test_dates_moments_choices_people_and_stages() -> None:
    for key, type_ in (("on", "date"), ("at", "datetime"), ("many", "multi_picklist"), ("sure", "boolean")):
        CustomFieldFactory(key=key, type=type_, choices=["a", "b"])
    stage, user = Stage.objects.first(), UserFactory()
    custom = {"on": "2026-05-01", "at": MOMENT.isoformat(), "many": ["a"], "sure": True}
    contact = ContactFactory(custom=custom, stage=stage, owner=user, no_email=True)
    deal = DealFactory(close_on=date(2026, 5, 1))
    for field, operator, value in (
        ("custom.on", "over", "2026-04-30"),
        ("custom.at", "under", "2026-05-01T12:00:01Z"),
        ("custom.many", "is", "a"),
        ("custom.many", "is_not", "b"),
        ("custom.sure", "is", "yes"),
        ("no_email", "is", "true"),
        ("stage", "is", str(stage.pk)),
        ("owner", "is", str(user.pk)),
    ):
        assert meets(contact, "contact", field, operator, value), field
    assert meets(contact, "contact", "owner", "is_filled")
    assert meets(deal, "deal", "close_on", "is", "2026-05-01")
    assert meets(deal, "deal", "close_on", "under", "2026-05-02")


@pytest.mark.parametrize(
    ("kind", "field", "operator", "values"),
    [
        ("contact", "account", "is", ["1"]),
        ("contact", "no_email", "contains", ["x"]),
        ("contact", "no_email", "is", ["perhaps"]),
        ("account", "employees", "over", ["many"]),
        ("account", "employees", "over", ["NaN"]),
        ("account", "employees", "is", ["Infinity"]),
        ("contact", "company_name", "is", []),
        ("contact", "owner", "is", ["Kim"]),
        ("deal", "close_on", "is", ["31.12.2026"]),
        ("contact", "company_name", "resembles", ["x"]),
    ],
)
def test_what_cannot_be_asked_is_said(kind: str, field: str, operator: str, values: list[str]) -> None:
    with pytest.raises(Unfit, match=RECORD_TYPES[kind].fields[field].label):
        condition(RECORD_TYPES[kind].fields[field], operator, values)


def test_every_type_but_references_can_be_asked_for() -> None:
    assert set(Type) - set(OPERATORS) == {Type.REFERENCE}


def shown(**where: Any) -> set[str]:
    return set(Contact.objects.listed().filter(**where).values_list("last_name", flat=True))


@pytest.fixture
def people(synced: Connection, org: Org) -> Connection:
    """A pulled contact and a lead of sales, and one of each that is not."""
    for name, department in (("Seller", "Sales"), ("Cook", "Kitchen")):
        org.create("Contact", LastName=name, Department=department, Email=f"{name}@people.example")
    org.create("Lead", LastName="Lead", Company="Somewhere")
    pull_all()
    return synced


def ask(connection: Connection, *asked: Asked, remote_object: str = "Contact") -> None:
    tuning.save_conditions(connection, remote_object, asked)


SALES = Asked("department", "is", ["sales"])
NEW = {"last_name__in": ["Seller", "Cook", "Lead", "Later", "Own"]}


def test_existing_records_follow_a_condition_in_the_background(people: Connection) -> None:
    ask(people, SALES)
    before = shown(**NEW)
    tasks.show_records()
    during = shown(**NEW)
    ask(people)
    tasks.show_records()

    assert before == {"Seller", "Cook", "Lead"}
    assert during == {"Seller", "Lead"}  # of leads nothing is asked
    assert shown(**NEW) == before


def test_what_arrives_and_what_changes_there_is_shown_or_not_at_once(people: Connection, org: Org) -> None:
    ask(people, SALES)
    tasks.show_records()
    org.create("Contact", LastName="Later", Department="Legal")
    cook, seller = (Contact.objects.get(last_name=name) for name in ("Cook", "Seller"))
    org.update("Contact", cook.crm_id, Department="Sales")
    org.update("Contact", seller.crm_id, Department="Kitchen")

    pull_all()

    assert Contact.objects.filter(last_name="Later").exists()
    assert shown(**NEW) == {"Cook", "Lead"}


def test_an_edit_here_counts_at_once_and_what_people_made_is_always_shown(people: Connection) -> None:
    ask(people, SALES)
    tasks.show_records()
    ContactFactory(last_name="Own", department="Kitchen")
    cook = Contact.objects.get(last_name="Cook")
    cook.department = "Sales"
    cook.save(update_fields=["department"])
    seller = Contact.objects.get(last_name="Seller")
    seller.department = ""
    seller.save(update_fields=["department"])

    assert shown(**NEW) == {"Cook", "Lead", "Own"}


def test_hidden_ones_still_count_against_duplicates(people: Connection, org: Org) -> None:
    ask(people, SALES)
    tasks.show_records()
    org.create("Lead", LastName="Cook", Company="?", Email="cook@people.example")

    pull_all()

    assert Contact.objects.filter(last_name="Cook").count() == 1


def test_all_conditions_must_be_met_and_each_object_has_its_own(people: Connection) -> None:
    ask(people, SALES, Asked("last_name", "starts_with", ["C"]))
    ask(people, Asked("last_name", "is", ["Nobody"]), remote_object="Lead")
    tasks.show_records()
    assert shown(**NEW) == set()


def test_hiding_a_kind_goes_before_its_conditions(people: Connection) -> None:
    ask(people, SALES)
    settings = people.object_settings.get(record_kind="contact")
    settings.is_visible = False
    tuning.save_settings(settings, ["is_visible"])
    tasks.show_records()
    assert shown(**NEW) == set()


def test_a_change_while_records_are_looked_at_begins_anew(people: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(people, SALES)
    settings = people.object_settings.get(record_kind="contact")

    def interfere(*args: Any) -> None:
        show_and_hide(*args)
        monkeypatch.undo()
        ask(people, Asked("department", "is", ["Kitchen"]))

    monkeypatch.setattr("integrations.sync.showing.show_and_hide", interfere)
    tasks.show_records()

    settings.refresh_from_db()
    assert settings.shown_after is None
    assert shown(**NEW) == {"Cook", "Lead"}


def test_a_long_look_is_cut_into_pieces_and_gone_on_with(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("integrations.sync.showing.CHUNK", 3)
    for number in range(8):
        AccountFactory(name=f"Acme {number}", industry="Steel" if number % 2 else "", origin=Origin.CRM_PULL)
    ask(connection, Asked("industry", "is_filled"), remote_object="Account")

    tasks.show_records(seconds=0)
    first = Account.objects.filter(is_hidden=True).count()
    tasks.show_records()

    assert (CHUNK, first) == (5_000, 2)
    assert Account.objects.filter(is_hidden=True).count() == 4
    assert not ObjectSettings.objects.exclude(shown_after=None).exists()


def test_conditions_by_the_rest_api(connection: Connection, admin: User) -> None:
    api, member, path = Api(admin), Api(UserFactory()), f"{V1}pull-conditions/Contact/"
    asked = [{"field": "department", "operator": "is", "values": ["Sales"]}]

    assert member.get(path).status_code == 403
    assert member.put(path, {"conditions": asked}).status_code == 403
    assert api.put(path, {"conditions": asked}).json() == {"conditions": asked, "is_under_way": True}
    assert api.get(path).json()["conditions"] == asked
    for wrong in (
        [{"field": "nothing", "operator": "is", "values": ["x"]}],
        [{"field": "department", "operator": "over", "values": ["x"]}],
        [{"field": "department", "operator": "is"}],
        "all",
    ):
        assert api.put(path, {"conditions": wrong}).status_code == 400
    assert PullCondition.objects.count() == 1
    assert api.put(f"{V1}pull-conditions/Nothing/", {"conditions": []}).status_code == 404
    assert api.put(path, {"conditions": []}).json()["conditions"] == []
