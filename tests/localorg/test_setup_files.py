"""Orgs described in files: what they may say, how mistakes in them are told, and what becomes of them."""

import subprocess
import sys
from pathlib import Path

import pytest
import requests
from localorg.schema import Schema
from localorg.setup import Setup, SetupError, choose, load
from localorg.setup.check import check
from localorg.setup.custom import schema_of

from tests.localorg.client import ROOT, Caller, Json, Server
from tests.localorg.conftest import sign_in

PLAIN = 'extends = "plain"\n'


def written(folder: Path, text: str) -> str:
    path = folder / "org.toml"
    path.write_text(text, encoding="utf-8")
    return str(path)


def checked(name: str) -> tuple[Setup, Schema]:
    setup = load(name)
    schema = schema_of(setup)
    check(setup, schema)
    return setup, schema


@pytest.mark.parametrize("name", ["plain", "strict", "large"])
def test_the_ready_orgs_can_be_read(name: str) -> None:
    setup, schema = checked(name)

    assert setup.users[0].username == "admin"
    assert schema["Contact"].fields["Tandem_Id__c"].external_id


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("seed = ", "org.toml is not TOML: Invalid value (at end of document)"),
        ("colour = 1", "colour: no such key; allowed: extends, name, seed, features, sharing, "),
        ("seed = 1.5", "seed: must be a whole number, not 1.5"),
        ('seed = "huge"', 'seed: "huge" is not allowed here; allowed: small, medium, large, a number'),
        ("users = 3", "users: must be a list, not 3"),
        ("features = []", "features: must be a table, not a list"),
        ("[features]\nset_audit_fields = 1", "features.set_audit_fields: must be true or false, not 1"),
        ('[sharing]\nAccount = "Open"', 'sharing.Account: "Open" is not allowed here; allowed: Private, Read, '),
        (
            '[sharing]\nAccount = "ControlledByParent"',
            "sharing.Account: only these are controlled by a parent: Contact",
        ),
        ('[sharing]\nAcount = "Read"', 'sharing.Acount: there is no "Acount" for this; allowed: Account, Contact'),
        ('[[profiles]]\nname = "A"\npermissions = ["Fly"]', 'profiles[4].permissions[1]: "Fly" is not allowed here; '),
        ('[[profiles]]\nname = "A"\nobjects.Contact = ["see"]', 'profiles[4].objects.Contact[1]: "see" is not allowed'),
        ('[[profiles]]\nname = "A"\nobjects.Task = ["read"]', 'profiles[4].objects: there is no "Task" for this; '),
        ('[[profiles]]\nname = "A"\nfields."Contact.X" = "read"', 'profiles[4].fields: there is no "X" for this; '),
        (
            '[[profiles]]\nname = "A"\nfields."Contact.Name" = "read"',
            'profiles[4].fields: there is no "Name" for this; ',
        ),
        ('[[users]]\nusername = "a"\nprofile = "Read Only"', "users[9].last_name: is missing"),
        ('[[users]]\nusername = "a"\nlast_name = "A"\nprofile = "B"', 'users[9].profile: there is no "B" for this; '),
        ('[[users]]\nusername = "admin"\nrole = "Boss"', 'users[1].role: there is no "Boss" for this; allowed: none'),
        ('[[users]]\nusername = "admin"\nactive = false', "users: the first must be an active user"),
        ('[[roles]]\nname = "A"\nparent = "A"', 'roles[1].parent: "A" would be above itself'),
        (
            '[[fields]]\nobject = "Contact"\nname = "A"\ntype = "Text"',
            "fields[11].name: the name of a custom field ends",
        ),
        ('[[fields]]\nobject = "Pet"\nname = "A__c"\ntype = "Text"', 'fields[11].object: there is no object "Pet"; '),
        ('[[fields]]\nobject = "Lead"\nname = "A__c"\ntype = "Tree"', 'fields[11].type: "Tree" is not allowed here; '),
        ('[[fields]]\nobject = "Lead"\nname = "A__c"\ntype = "Lookup"', "fields[11].references: there is no object"),
        ('[[fields]]\nobject = "Lead"\nname = "A__c"\ntype = "Picklist"', "fields[11].values: is missing"),
        ('[[picklists]]\nfield = "Lead.Email"\nvalues = ["A"]', "picklists[1].field: Lead has no picklist Email; "),
        (
            '[[picklists]]\nfield = "Lead.Rating"\nvalues = ["A"]\ndefault = "B"',
            'picklists[1].default: "B" is none of the values; allowed: A',
        ),
    ],
)
def test_mistakes_are_told_with_the_key_and_what_is_allowed(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(SetupError) as error:
        checked(written(tmp_path, PLAIN + text))

    assert str(error.value).startswith(complaint)


def test_an_org_of_ones_own_needs_users(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"users: the first must be an active user; extends = \"plain\" brings some"):
        checked(written(tmp_path, ""))


def test_no_file_extends_itself(tmp_path: Path) -> None:
    (tmp_path / "other.toml").write_text('extends = "org.toml"')
    with pytest.raises(SetupError, match=r"extends: other\.toml would extend itself"):
        checked(written(tmp_path, 'extends = "other.toml"'))


def test_what_a_file_says_is_laid_on_top_of_what_it_extends(tmp_path: Path) -> None:
    text = '[sharing]\nLead = "Private"\n[[users]]\nusername = "sol.vargas"\ntitle = "Chief"\n'

    setup = load(written(tmp_path, PLAIN + text + '[[roles]]\nname = "R"'))

    plain = load("plain")
    assert setup.sharing == plain.sharing | {"Lead": "Private"}
    assert [user.username for user in setup.users] == [user.username for user in plain.users]
    assert (setup.users[1].title, setup.users[1].last_name) == ("Chief", "Vargas")


def test_a_folder_keeps_the_setup_of_its_records(tmp_path: Path) -> None:
    file, folder = written(tmp_path, PLAIN), tmp_path / "data"
    folder.mkdir()
    choose(file, folder, reset=False).keep(folder)

    assert choose(None, folder, reset=False) == choose(file, folder, reset=False)
    with pytest.raises(SetupError, match=r"was made from .*org\.toml; --reset makes it anew"):
        choose("strict", folder, reset=False)
    assert choose("strict", folder, reset=True).name == "strict"
    written(tmp_path, PLAIN + 'name = "Other"')
    with pytest.raises(SetupError, match="an earlier state of this file; --reset makes it anew"):
        choose(file, folder, reset=False)
    assert choose(None, folder, reset=False).setup.name == "Local Org"


def test_what_an_older_version_kept_is_read_from_its_file_again(tmp_path: Path) -> None:
    choose("strict", tmp_path, reset=False).keep(tmp_path)
    kept = tmp_path / "setup.json"
    kept.write_text(kept.read_text().replace('"extends"', '"inherits"'))

    assert choose(None, tmp_path, reset=False) == choose("strict", tmp_path, reset=True)


def test_a_folder_from_before_setups_holds_the_plain_org(tmp_path: Path) -> None:
    (tmp_path / "org.db").touch()

    assert choose(None, tmp_path, reset=False).name == "plain"
    with pytest.raises(SetupError, match="made from plain"):
        choose("large", tmp_path, reset=False)


@pytest.mark.parametrize("org", ["nowhere", "{folder}/org.toml"])
def test_the_command_tells_mistakes_and_starts_nothing(tmp_path: Path, org: str) -> None:
    written(tmp_path, PLAIN + "[[users]]\nusername = 3")
    org = org.format(folder=tmp_path)
    command = [sys.executable, "-m", "localorg", "--port", "0", "--data", str(tmp_path / "data"), "--org", org]

    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=30, check=False)

    assert ended.returncode == 2
    assert ended.stderr.startswith(f"localorg: {org}: ")
    assert ended.stderr.count("\n") == 1


def test_an_org_restarts_as_it_was_made(tmp_path: Path) -> None:
    file = written(tmp_path, PLAIN + 'name = "Mine"\nseed = 20\n[[users]]\nusername = "new.one"\nlast_name = "One"\n'
                   'profile = "Standard User"\n')  # fmt: skip
    first = Server(tmp_path / "data", "--org", file)
    first.stop()
    Path(file).unlink()

    second = Server(tmp_path / "data")
    try:
        admin = sign_in(second, "System Administrator")
        assert admin.rows("SELECT Name FROM Organization")[0]["Name"] == "Mine"
        assert admin.query("SELECT COUNT() FROM Contact")["totalSize"] == 20
        assert [u["name"] for u in second.facts["users"] if u["username"] == "new.one@localorg.example"] == ["One"]
    finally:
        second.stop()


def test_a_folder_of_an_older_version_gets_its_permissions(tmp_path: Path) -> None:
    first = Server(tmp_path, "--seed", "20")
    first.stop()
    script = (
        "import sqlite3, sys\n"
        "for name in ('org.db', 'seed.db'):\n"
        "    db = sqlite3.connect(f'{sys.argv[1]}/{name}')\n"
        "    for table in ('ObjectPermissions', 'FieldPermissions', '_access'):\n"
        "        db.execute(f'DROP TABLE \"{table}\"')\n"
        "    db.commit()\n"
    )
    subprocess.run([sys.executable, "-c", script, str(tmp_path)], check=True, timeout=30)

    second = Server(tmp_path)
    try:
        rep = sign_in(second, "Standard User")
        contact = rep.create("Contact", LastName="A")
        requests.post(f"{second.url}/localorg/reset", timeout=30)
        assert rep.ask("GET", f"sobjects/Contact/{contact}").status_code == 404
        assert rep.create("Contact", LastName="B")
    finally:
        second.stop()


# ---- Objects, fields and picklists of a file


def described(caller: Caller, name: str) -> dict[str, Json]:
    return {f["name"]: f for f in caller.ask("GET", f"sobjects/{name}/describe").json()["fields"]}


def test_custom_objects_work_like_others(keeper: Caller, bridge: Caller) -> None:
    account = keeper.rows("SELECT Id FROM Account LIMIT 1")[0]["Id"]

    project = keeper.create("Project__c", Name="Roof", Account__c=account, Code__c="R1", Budget__c=1200.555)

    assert project.startswith("a00")
    (row,) = keeper.rows(
        "SELECT Name, Account__r.Name, Budget__c, Billable__c, Owner.Name, CreatedBy.Name FROM Project__c "
        f"WHERE Id = '{project}'"
    )
    assert (row["Budget__c"], row["Billable__c"], row["Owner"]["Name"]) == (1200.56, True, "Ada Admin")
    (parent,) = keeper.rows(f"SELECT (SELECT Code__c FROM Projects) FROM Account WHERE Id = '{account}'")
    assert [child["Code__c"] for child in parent["Projects"]["records"]] == ["R1"]
    assert keeper.refused("Project__c", Name="A")[0]["message"] == "Required fields are missing: [Code__c]"
    assert keeper.refused("Project__c", Name="A", Code__c="x" * 11)[0]["errorCode"] == "STRING_TOO_LONG"
    keeper.delete("Project__c", project)
    assert keeper.rows(f"SELECT IsDeleted FROM Project__c WHERE Id = '{project}'", "queryAll")[0]["IsDeleted"] is True
    summary = next(s for s in keeper.ask("GET", "sobjects").json()["sobjects"] if s["name"] == "Project__c")
    assert (summary["custom"], summary["keyPrefix"], summary["labelPlural"]) == (True, "a00", "Projects")
    assert described(bridge, "Project__c")["Code__c"]["createable"] is True
    assert described(bridge, "Project__c")["Budget__c"]["custom"] is True


def test_a_picklist_of_other_values(keeper: Caller) -> None:
    industry = described(keeper, "Account")["Industry"]

    assert [v["value"] for v in industry["picklistValues"]] == ["Mining", "Fishing"]
    assert industry["restrictedPicklist"] is True
    account = keeper.create("Account", Name="A")
    assert keeper.get("Account", account)["Industry"] == "Fishing"
    assert keeper.refused("Account", Name="A", Industry="Banking")[0]["errorCode"].startswith("INVALID_OR_NULL")


# ---- State and country picklists


@pytest.mark.parametrize(
    ("given", "stored"),
    [
        ({"MailingCountry": "germany"}, ("Germany", "DE", None, None)),
        ({"MailingCountryCode": "US", "MailingStateCode": "TX"}, ("United States", "US", "Texas", "TX")),
        ({"MailingCountryCode": "ca", "MailingState": "ontario"}, ("Canada", "CA", "Ontario", "ON")),
        ({"MailingCountry": "Brazil", "MailingCountryCode": "BR"}, ("Brazil", "BR", None, None)),
        ({"MailingCountry": ""}, (None, None, None, None)),
    ],
)
def test_text_and_code_of_a_place_complete_each_other(keeper: Caller, given: Json, stored: tuple[str, ...]) -> None:
    row = keeper.get("Contact", keeper.create("Contact", LastName="A", **given))

    assert tuple(row[f"Mailing{n}"] for n in ("Country", "CountryCode", "State", "StateCode")) == stored
    if stored[0]:
        assert list(row["MailingAddress"]) == [
            "city", "country", "countryCode", "geocodeAccuracy", "latitude", "longitude", "postalCode", "state",
            "stateCode", "street",
        ]  # fmt: skip


COUNTRY = (
    "There's a problem with this country, even though it may appear correct. "
    "Please select a country/territory from the list of valid countries.: {}"
)
STATE = (
    "There's a problem with this state, even though it may appear correct. "
    "Please select a state from the list of valid states.: {}"
)
ALONE = "A country/territory must be specified before specifying a state value for field: {}"


@pytest.mark.parametrize(
    ("given", "message", "field"),
    [
        ({"MailingCountry": "USA"}, COUNTRY.format("Mailing Country"), "MailingCountry"),
        ({"MailingCountryCode": "XX"}, COUNTRY.format("Mailing Country Code"), "MailingCountryCode"),
        ({"MailingState": "Texas"}, ALONE.format("Mailing State/Province"), "MailingState"),
        ({"OtherStateCode": "TX"}, ALONE.format("Other State/Province Code"), "OtherStateCode"),
        (
            {"MailingCountryCode": "US", "MailingState": "TX"},
            STATE.format("Mailing State/Province"),
            "MailingState",
        ),
        (
            {"MailingCountry": "Germany", "MailingStateCode": "BY"},
            STATE.format("Mailing State/Province Code"),
            "MailingStateCode",
        ),
        (
            {"MailingCountry": "Germany", "MailingCountryCode": "US"},
            "Mismatched integration value and ISO code for field: Mailing Country",
            "MailingCountry",
        ),
    ],
)
def test_places_that_are_not_in_the_lists(keeper: Caller, given: Json, message: str, field: str) -> None:
    errors = keeper.refused("Contact", LastName="A", **given)

    assert errors == [{"message": message, "errorCode": "FIELD_INTEGRITY_EXCEPTION", "fields": [field]}]


def test_a_state_does_not_outlive_its_country(keeper: Caller) -> None:
    contact = keeper.create("Contact", LastName="A", MailingCountryCode="US", MailingStateCode="TX")

    def refusal(**fields: str | None) -> str:
        return keeper.ask("PATCH", f"sobjects/Contact/{contact}", fields).json()[0]["message"]

    assert refusal(MailingCountryCode="CA") == (
        "The existing country/territory doesn't recognize the state value for field: Mailing State/Province Code"
    )
    assert refusal(MailingCountry=None) == ALONE.format("Mailing State/Province")
    keeper.update("Contact", contact, MailingCountryCode="CA", MailingState="Ontario")
    keeper.update("Contact", contact, MailingStateCode=None)
    row = keeper.get("Contact", contact)
    assert (row["MailingCountry"], row["MailingState"], row["MailingStateCode"]) == ("Canada", None, None)


def test_states_depend_on_countries_in_describe(keeper: Caller, admin: Caller) -> None:
    fields = described(keeper, "Lead")
    state, country = fields["StateCode"], fields["CountryCode"]

    assert (state["controllerName"], state["dependentPicklist"], state["restrictedPicklist"]) == (
        "CountryCode",
        True,
        True,
    )
    assert {v["value"]: v["label"] for v in country["picklistValues"]}["GB"] == "United Kingdom"
    assert {"value": "TX", "label": "Texas"}.items() <= next(
        v for v in state["picklistValues"] if v["label"] == "Texas"
    ).items()
    assert "StateCode" not in described(admin, "Lead")  # off in the plain org


def test_seeded_addresses_hold_listed_places(keeper: Caller) -> None:
    rows = keeper.rows("SELECT MailingCountry, MailingCountryCode, MailingState, MailingStateCode FROM Contact")

    places = {tuple(row[n] for n in row if n != "attributes") for row in rows}
    assert ("United States", "US", "California", "CA") in places
    assert ("Germany", "DE", None, None) in places
    assert keeper.rows("SELECT CountryCode FROM User LIMIT 1")[0]["CountryCode"] == "US"
