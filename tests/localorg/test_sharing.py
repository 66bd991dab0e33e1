"""Which records somebody reaches: organization-wide defaults, owners, roles, parents; by query and by id."""

import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from localorg.access.permissions import EVERYTHING, Permissions, with_implied
from localorg.access.sharing import Sharing
from localorg.org import Org
from localorg.seed import seed, size_of
from localorg.setup import load

from tests.localorg.client import Caller, Json, Server
from tests.localorg.conftest import sign_in

ADMIN, SOL, MINA, FORMER, IVO = (f"005Lo000000000{number}IAA" for number in (1, 2, 3, 8, 9))
REACHED = f"('{SOL}', '{IVO}')"  # the integration's own records and those of the standard user below it


def ids(caller: Caller, rest: str) -> set[str]:
    return {row["Id"] for row in caller.rows(f"SELECT Id FROM {rest}")}


@pytest.fixture
def hidden(keeper: Caller) -> str:
    """An account out of the integration's reach."""
    owned = f"SELECT AccountId FROM Opportunity WHERE OwnerId IN {REACHED}"
    return sorted(ids(keeper, f"Account WHERE OwnerId NOT IN {REACHED} AND Id NOT IN ({owned})"))[0]


def test_of_private_objects_one_sees_ones_own_and_those_of_people_below(keeper: Caller, bridge: Caller) -> None:
    opportunities = ids(keeper, f"Opportunity WHERE OwnerId IN {REACHED}")
    owned = ids(keeper, f"Account WHERE OwnerId IN {REACHED}")
    implied = ids(keeper, f"Account WHERE Id IN (SELECT AccountId FROM Opportunity WHERE OwnerId IN {REACHED})")

    assert ids(bridge, "Opportunity") == opportunities
    assert implied - owned  # who owns an opportunity sees its account
    assert ids(bridge, "Account") == owned | implied
    assert bridge.query("SELECT COUNT() FROM Account")["totalSize"] == len(owned | implied)
    assert bridge.rows("SELECT COUNT(Id) n FROM Account")[0]["n"] == len(owned | implied)


def test_contacts_are_seen_with_their_accounts(keeper: Caller, bridge: Caller) -> None:
    accounts = ids(bridge, "Account")
    rows = keeper.rows("SELECT Id, AccountId, OwnerId FROM Contact")
    expected = {
        row["Id"]
        for row in rows
        if (row["AccountId"] in accounts if row["AccountId"] else row["OwnerId"] in (SOL, IVO))
    }

    assert ids(bridge, "Contact") == expected
    assert 0 < len(expected) < len(rows)


def test_who_is_not_above_sees_nothing_of_others(keeper: Caller, private_server: Server) -> None:
    (user,) = [u for u in private_server.facts["users"] if u["username"].startswith("rita")]
    assert user["profile"] == "Read Only"  # has View All
    assert len(ids(sign_in(private_server, "Read Only"), "Account")) == len(ids(keeper, "Account"))


def test_records_out_of_reach_are_as_if_they_did_not_exist(bridge: Caller, hidden: str) -> None:
    assert bridge.ask("GET", f"sobjects/Account/{hidden}").json()[0]["errorCode"] == "NOT_FOUND"
    assert bridge.ask("GET", f"sobjects/Account/{hidden}/Contacts").status_code == 404
    retrieved = bridge.ask("POST", "composite/sobjects/Account", {"ids": [hidden], "fields": ["Id"]})
    assert retrieved.json() == [None]
    span = {"start": "2026-01-01T00:00:00Z", "end": "2026-01-02T00:00:00Z"}
    assert bridge.ask("GET", "sobjects/Account/updated", params=span).status_code in (200, 400)


def test_parents_out_of_reach_are_null(keeper: Caller, bridge: Caller, hidden: str) -> None:
    lead = bridge.rows("SELECT Id FROM Lead LIMIT 1")[0]["Id"]
    about_both = keeper.create("Task", Subject="A", WhatId=hidden, OwnerId=SOL)
    about_lead = keeper.create("Task", Subject="B", WhoId=lead, OwnerId=SOL)

    rows = bridge.rows(
        f"SELECT WhatId, What.Name, What.Type, Who.Name FROM Task WHERE Id IN ('{about_both}', '{about_lead}') "
        "ORDER BY Subject"
    )
    assert (rows[0]["WhatId"], rows[0]["What"], rows[0]["Who"]) == (hidden, None, None)
    assert rows[1]["Who"]["Name"]


def test_children_out_of_reach_are_left_out(keeper: Caller, bridge: Caller) -> None:
    account = sorted(ids(bridge, f"Account WHERE OwnerId IN {REACHED}"))[0]
    foreign = keeper.create(
        "Opportunity", Name="F", AccountId=account, StageName="Prospecting", CloseDate="2026-05-05", OwnerId=MINA
    )

    (row,) = bridge.rows(f"SELECT Id, (SELECT Id FROM Opportunities) FROM Account WHERE Id = '{account}'")
    found = {child["Id"] for child in (row["Opportunities"] or {"records": []})["records"]}
    assert foreign not in found
    assert foreign not in ids(bridge, f"Opportunity WHERE AccountId = '{account}'")


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
def test_writing_what_one_cannot_see(bridge: Caller, hidden: str, method: str) -> None:
    answer = bridge.ask(method, f"sobjects/Account/{hidden}", {"Name": "A"} if method == "PATCH" else None)

    assert answer.status_code == 400
    assert answer.json() == [
        {
            "message": f"insufficient access rights on cross-reference id: {hidden[:15]}",
            "errorCode": "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY",
            "fields": [],
        }
    ]


def test_writing_what_one_may_only_see(keeper: Caller, bridge: Caller) -> None:
    seen = sorted(ids(bridge, f"Account WHERE OwnerId NOT IN {REACHED}"))[0]
    refused = [{"statusCode": "INSUFFICIENT_ACCESS_OR_READONLY", "message": "insufficient access rights on object id"}]

    answer = bridge.ask(
        "PATCH",
        "composite/sobjects",
        {"records": [{"attributes": {"type": "Account"}, "id": seen, "Name": "A"}]},
    )
    assert [error.items() >= refused[0].items() for error in answer.json()[0]["errors"]] == [True]
    deleted = bridge.ask("DELETE", f"composite/sobjects?ids={seen}")
    assert deleted.json()[0]["errors"][0]["statusCode"] == "INSUFFICIENT_ACCESS_OR_READONLY"


def test_lookups_point_at_what_one_sees(bridge: Caller, hidden: str) -> None:
    (error,) = bridge.refused("Contact", LastName="A", AccountId=hidden)

    assert error["errorCode"] == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"


def test_external_ids_out_of_reach_are_not_found_but_taken(keeper: Caller, bridge: Caller, hidden: str) -> None:
    keeper.update("Account", hidden, Tandem_Id__c="T1")

    assert bridge.ask("GET", "sobjects/Account/Tandem_Id__c/T1").status_code == 404
    (error,) = bridge.ask("PATCH", "sobjects/Account/Tandem_Id__c/T1", {"Name": "A"}).json()
    assert (error["errorCode"], error["message"]) == (
        "DUPLICATE_VALUE",
        "duplicate value found: Tandem_Id__c duplicates value on record with id: <unknown>",
    )
    (parent,) = bridge.refused("Contact", LastName="A", Account={"Tandem_Id__c": "T1"})
    assert parent["errorCode"] == "INVALID_FIELD"


def test_giving_records_away(keeper: Caller, bridge: Caller) -> None:
    account = bridge.create("Account", Name="Mine")
    lead = bridge.rows("SELECT Id FROM Lead LIMIT 1")[0]["Id"]

    (inactive,) = bridge.ask("PATCH", f"sobjects/Account/{account}", {"OwnerId": FORMER}).json()
    assert inactive["errorCode"] == "INACTIVE_OWNER_OR_USER"
    assert inactive["message"] == f"operation performed with inactive user [{FORMER}] as owner of account"
    bridge.update("Account", account, OwnerId=MINA)
    assert bridge.ask("GET", f"sobjects/Account/{account}").status_code == 404  # it is gone from sight
    assert bridge.ask("PATCH", f"sobjects/Lead/{lead}", {"OwnerId": MINA}).status_code == 400
    (unread,) = keeper.ask(
        "POST", "sobjects/Campaign", {"Name": "C", "OwnerId": IVO}
    ).json()  # whose profile may not read campaigns
    assert unread["errorCode"] == "TRANSFER_REQUIRES_READ"


def test_what_hangs_on_a_record_is_reached_as_the_record_is(keeper: Caller, bridge: Caller) -> None:
    deal = keeper.create("Opportunity", Name="F", StageName="Prospecting", CloseDate="2026-05-05", OwnerId=MINA)
    contact = sorted(ids(bridge, f"Contact WHERE Account.OwnerId IN {REACHED}"))[0]
    role = keeper.create("OpportunityContactRole", OpportunityId=deal, ContactId=contact)

    assert role not in ids(bridge, "OpportunityContactRole")
    (error,) = bridge.refused("OpportunityContactRole", OpportunityId=deal, ContactId=contact)
    assert error["errorCode"] == "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY"
    assert not ids(bridge, f"OpportunityHistory WHERE OpportunityId = '{deal}'")


def test_user_record_access_tells_what_somebody_may_do(keeper: Caller, bridge: Caller, hidden: str) -> None:
    own = bridge.create("Account", Name="Mine")
    implied = sorted(ids(bridge, f"Account WHERE OwnerId NOT IN {REACHED}"))[0]
    lead = bridge.rows("SELECT Id FROM Lead LIMIT 1")[0]["Id"]
    names = "HasReadAccess, HasEditAccess, HasDeleteAccess, HasTransferAccess, HasAllAccess, MaxAccessLevel"
    wanted = (own, own[:15], implied, hidden, lead, "001000000000001")
    listed = ", ".join(f"'{record_id}'" for record_id in wanted)

    def levels(user_id: str) -> dict[str, list[Any]]:
        rows = bridge.rows(
            f"SELECT RecordId, {names} FROM UserRecordAccess WHERE UserId = '{user_id}' AND RecordId IN ({listed})"
        )
        return {row["RecordId"]: [row[name] for name in names.split(", ")] for row in rows}

    assert levels(IVO) == {
        own: [True, True, True, True, True, "All"],
        implied: [True, False, False, False, False, "Read"],
        hidden: [False, False, False, False, False, "None"],
        lead: [True, False, False, False, False, "Read"],
    }
    assert {row[-1] for row in levels(ADMIN).values()} == {"All"}
    assert {row[-1] for row in levels(FORMER).values()} == set()


@pytest.mark.parametrize(
    "where",
    [
        "",
        "WHERE UserId = '005Lo0000000001'",
        "WHERE RecordId = '001Lo0000000001'",
        "WHERE UserId != '' AND RecordId = ''",
    ],
)
def test_user_record_access_must_be_asked_about_somebody_and_something(bridge: Caller, where: str) -> None:
    assert bridge.refusal(f"SELECT RecordId FROM UserRecordAccess {where}")["errorCode"] == "MALFORMED_QUERY"


def test_changed_roles_count_at_once(keeper: Caller, bridge: Caller) -> None:
    before = ids(bridge, "Opportunity")
    (rep,) = keeper.rows("SELECT Id FROM UserRole WHERE Name = 'Rep'")

    keeper.update("User", MINA, UserRoleId=rep["Id"])

    assert ids(bridge, "Opportunity") == before | ids(keeper, f"Opportunity WHERE OwnerId = '{MINA}'")


# ---- Against an evaluator of a few lines, over random rules

NAMES = ("Account", "Contact", "Opportunity", "Lead", "Task")
MODELS = ("Private", "Read", "ReadWrite", "ReadWriteTransfer", "FullAccess")
SEES = {"read": MODELS[1:], "edit": MODELS[2:], "delete": MODELS[4:], "transfer": MODELS[3:]}


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    made = Org(tmp_path_factory.mktemp("sharing"), load("plain"))
    seed(made, size_of(60))
    yield made
    made.close()


rules = st.fixed_dictionaries(
    {
        "Account": st.sampled_from(MODELS),
        "Opportunity": st.sampled_from(MODELS),
        "Lead": st.sampled_from(MODELS),
        "Contact": st.sampled_from((*MODELS, "ControlledByParent")),
        "Task": st.sampled_from((*MODELS, "ControlledByParent")),
    }
)
grants = st.dictionaries(
    st.sampled_from(("Account", "Campaign", "Contact", "Lead", "Opportunity")),
    st.sets(st.sampled_from(sorted(EVERYTHING - {"create"}))),
    min_size=3,
)


class Evaluator:
    """Sharing as one would explain it, record by record."""

    def __init__(self, db: sqlite3.Connection, owners: set[str], defaults: Json, granted: dict[str, set[str]]) -> None:
        db.row_factory = sqlite3.Row
        self.rows = {name: {row["Id"]: row for row in db.execute(f'SELECT * FROM "{name}"')} for name in NAMES}
        db.row_factory = None
        self.owners, self.defaults, self.granted = owners, defaults, granted

    def reaches(self, name: str, record_id: str, level: str) -> bool:
        granted = with_implied(self.granted.get(name, ()))
        if "modifyAll" in granted or (level == "read" and "viewAll" in granted):
            return True
        row, default = self.rows[name][record_id], self.defaults[name]
        if default == "ControlledByParent":
            return self._by_parent(name, row, "read" if level == "read" else "edit")
        implied = name == "Account" and level == "read" and self._owns_opportunity(record_id)
        return default in SEES[level] or row["OwnerId"] in self.owners or implied

    def _owns_opportunity(self, account: str) -> bool:
        deals = self.rows["Opportunity"].values()
        return any(d["AccountId"] == account and d["OwnerId"] in self.owners and not d["IsDeleted"] for d in deals)

    def _by_parent(self, name: str, row: sqlite3.Row, level: str) -> bool:
        if name == "Contact":
            parent = row["AccountId"]
            return self._parent("Account", parent, level) if parent else row["OwnerId"] in self.owners
        kinds = {"003": "Contact", "00Q": "Lead", "001": "Account", "006": "Opportunity"}
        parents = [parent for parent in (row["WhoId"], row["WhatId"]) if parent]
        return row["OwnerId"] in self.owners or any(self._parent(kinds[p[:3]], p, level) for p in parents)

    def _parent(self, name: str, record_id: str, level: str) -> bool:
        return "read" in with_implied(self.granted.get(name, ())) and self.reaches(name, record_id, level)


@settings(max_examples=60, deadline=None)
@given(
    defaults=rules,
    granted=grants,
    owners=st.sets(st.integers(1, 9), min_size=1, max_size=4),
    few=st.sets(st.sampled_from(NAMES)),
    level=st.sampled_from(("read", "edit", "delete", "transfer")),
)
def test_conditions_find_what_an_explanation_would(
    org: Org, defaults: Json, granted: dict[str, set[str]], owners: set[int], few: set[str], level: Any
) -> None:
    people = [f"005Lo000000000{number}IAA" for number in sorted(owners)]
    allowed = Permissions(frozenset(), {name: with_implied(given) for name, given in granted.items()}, {})
    sharing = Sharing(people, frozenset(few), defaults, allowed, org.schema)
    with org.database.read() as db:
        expected = Evaluator(db, set(people), defaults, granted)
        for name in NAMES:
            condition = sharing.condition(org.schema[name], level, "t") or "1"
            found = {row[0] for row in db.execute(f'SELECT t."Id" FROM "{name}" t WHERE {condition}')}
            assert found == {record_id for record_id in expected.rows[name] if expected.reaches(name, record_id, level)}
