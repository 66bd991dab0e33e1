"""Pages where people may not see or do everything, and where administrators made rules."""

import re

import pytest

from tests.localorg.client import Caller, Server
from tests.localorg.people import Person, links_of


@pytest.fixture
def ivo(keeper: Caller, private_server: Server) -> Person:
    """An integration user of little rights."""
    return Person(private_server, "ivo.bridge@")


@pytest.fixture
def ruled_sol(ruled: Caller, ruled_server: Server) -> Person:
    return Person(ruled_server, "sol.vargas@")


def accounts(keeper: Caller) -> tuple[str, str]:
    """One that Ivo reaches, for Sol is below him, and one that he does not."""
    sols = "SELECT AccountId FROM Opportunity WHERE Owner.Username LIKE 'sol.%'"
    own = keeper.rows("SELECT Id FROM Account WHERE Owner.Username LIKE 'sol.%' LIMIT 1")
    others = keeper.rows(f"SELECT Id FROM Account WHERE Owner.Username LIKE 'mina.%' AND Id NOT IN ({sols}) LIMIT 1")
    return own[0]["Id"], others[0]["Id"]


def test_others_records_are_not_there(ivo: Person, keeper: Caller, bridge: Caller) -> None:
    own, others = accounts(keeper)

    assert ivo.status(f"/{own}") == 200
    assert [ivo.status(path) for path in (f"/{others}", f"/{others}/e")] == [404, 404]
    assert ivo.enter(f"/{others}/delete").status_code == 400
    assert f"Accounts {bridge.query('SELECT COUNT() FROM Account')['totalSize']} " in ivo.see("/001/o")


def test_a_record_that_may_only_be_read_has_no_buttons(ivo: Person, keeper: Caller) -> None:
    lead = keeper.create("Lead", LastName="L", Company="C")

    links = links_of(ivo.page(f"/{lead}"))

    assert f"/{lead}/e" not in links
    assert f"/{lead}/convert" not in links
    assert ivo.enter(f"/{lead}/e", {"LastName": "Mine now"}).status_code == 404
    assert keeper.get("Lead", lead)["LastName"] == "L"


def test_hidden_fields_are_nowhere_and_read_only_ones_in_no_form(ivo: Person, keeper: Caller) -> None:
    account = keeper.create(
        "Account", Name="A", OwnerId=keeper.rows("SELECT Id FROM User WHERE LastName = 'Bridge'")[0]["Id"]
    )
    contact = keeper.create("Contact", LastName="C", AccountId=account, Email="c@x.example", Birthdate="1990-05-05")

    shown, form = ivo.page(f"/{contact}"), ivo.page(f"/{contact}/e")

    assert "Birthdate" not in shown + form
    assert "c@x.example" in shown
    assert 'name="Email"' not in form
    ivo.enter(f"/{contact}/e", {"LastName": "Changed", "Email": "x@x.example"})
    body = keeper.get("Contact", contact)
    assert (body["LastName"], body["Email"]) == ("Changed", "c@x.example")


def test_objects_that_somebody_may_not_see_have_no_pages(ivo: Person) -> None:
    assert [ivo.status(path) for path in ("/701/o", "/Campaign/e", "/00Q/e")] == [404, 404, 404]
    assert "Campaigns" not in ivo.page("/")


def test_pages_are_there_for_those_who_may_not_call_the_api(keeper: Caller, private_server: Server) -> None:
    paul = Person(private_server, "paul.pages@")

    assert "Leads" in paul.see("/00Q/o")


def test_what_lies_in_the_bin_is_shown_to_those_who_may_see_it(ivo: Person, keeper: Caller) -> None:
    own, others = accounts(keeper)
    for deal in keeper.rows("SELECT Id FROM Opportunity WHERE IsWon = true"):
        keeper.delete("Opportunity", deal["Id"])
    for record_id in (own, others):
        keeper.delete("Account", record_id)

    page = ivo.page("/bin")

    assert own in page
    assert others not in page
    assert ivo.enter("/bin", {"id": others}).status_code == 400


def test_a_rule_that_was_broken_is_told_in_its_words(ruled_sol: Person) -> None:
    answer = ruled_sol.enter("/003/e", {"LastName": "Unreachable"})

    assert answer.status_code == 400
    assert "This could not be saved." in answer.text


def test_a_missing_field_is_told_at_its_place(ruled_sol: Person) -> None:
    answer = ruled_sol.enter("/003/e", {"LastName": "", "Email": "a@x.example"})

    assert re.search(r'id="LastName-wrong">Complete this field', answer.text)


def test_a_likely_duplicate_is_shown_and_saved_if_one_insists(ruled_sol: Person, ruler: Caller) -> None:
    person = {"FirstName": "Quirina", "LastName": "Zumthor", "Email": "quirina@zumthor.example"}
    known = ruler.create("Contact", **person)

    alerted = ruled_sol.enter("/003/e", person)
    saved = ruled_sol.enter("/003/e", person | {"_insist": "1"})

    assert alerted.status_code == 400
    assert "Save anyway" in alerted.text
    assert f"/{known}" in links_of(alerted.text)
    assert ruler.get("Contact", saved.url.rsplit("/", 1)[1])["LastName"] == "Zumthor"


def test_a_duplicate_that_is_blocked_cannot_be_insisted_on(ruled_sol: Person, ruler: Caller) -> None:
    region = ruler.rows("SELECT Name, Region__c FROM Account WHERE Region__c != null LIMIT 1")
    account = {"Name": "Twice Ltd", **({"Region__c": region[0]["Region__c"]} if region else {})}
    first = ruled_sol.enter("/001/e", account)
    second = ruled_sol.enter("/001/e", account)

    assert first.status_code == 200
    assert "This account exists." in second.text
    assert "Save anyway" not in second.text


def test_record_types_are_chosen_by_name_among_those_one_may_give(ruled_sol: Person, ruler: Caller) -> None:
    form = ruled_sol.page("/006/e")
    chosen = re.findall(r'<option value="(012\w+)"( selected)?>([^<]*)', form)
    deal = {"Name": "D", "StageName": "Prospecting", "CloseDate": "2026-01-01", "RecordTypeId": chosen[0][0]}
    made = ruled_sol.enter("/006/e", deal)

    assert [(selected, label) for _, selected, label in chosen] == [(" selected", "New Business")]
    body = ruler.get("Opportunity", made.url.rsplit("/", 1)[1])
    assert (body["RecordTypeId"], body["LeadSource"]) == (chosen[0][0], "Web")
