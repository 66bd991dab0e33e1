"""What a user looked at last, and the small resources that pages of an org are made of."""

from tests.localorg.client import Caller, Json
from tests.localorg.test_soap import call, told


def recent(caller: Caller, path: str = "recent?limit=3") -> list[str]:
    return [item["Id"] for item in caller.ask("GET", path).json()]


def test_what_was_read_or_written_last_comes_first(admin: Caller) -> None:
    contact, account, lead = (
        admin.create("Contact", LastName="Seen"),
        admin.create("Account", Name="Seen"),
        admin.create("Lead", LastName="Seen", Company="Seen"),
    )
    assert recent(admin) == [lead, account, contact]

    admin.get("Contact", contact)
    admin.update("Account", account, Phone="1")

    assert recent(admin) == [account, contact, lead]


def test_each_user_has_a_list_of_their_own(admin: Caller, rep: Caller) -> None:
    account = admin.create("Account", Name="Mine")

    rep.get("Account", account)
    admin.create("Contact", LastName="Later")

    assert recent(rep, "recent?limit=1") == [account]


def test_an_integration_may_leave_no_trace(admin: Caller) -> None:
    seen = admin.create("Account", Name="Seen")

    body = {"Name": "Unseen"}
    admin.ask("POST", "sobjects/Account", body, headers={"Sforce-Mru": "updateMru=false"})

    assert recent(admin, "recent?limit=1") == [seen]


def test_a_query_for_view_is_a_look(admin: Caller) -> None:
    account = admin.create("Account", Name="Viewed")
    admin.create("Contact", LastName="Newer")

    admin.rows(f"SELECT Name FROM Account WHERE Id = '{account}' FOR VIEW")

    assert recent(admin, "recent?limit=1") == [account]


def test_what_is_deleted_or_reset_is_not_recent(admin: Caller) -> None:
    account = admin.create("Account", Name="Gone")
    admin.delete("Account", account)
    assert account not in recent(admin, "recent?limit=200")

    kept = admin.create("Account", Name="Kept")
    admin.control("reset")

    assert kept not in recent(admin, "recent?limit=200")


def test_an_object_shows_five_recent_records_of_its_own(admin: Caller) -> None:
    contact = admin.create("Contact", LastName="First")
    admin.create("Account", Name="Other")

    items = admin.ask("GET", "sobjects/Contact").json()["recentItems"]

    assert len(items) == 5
    assert items[0] == {
        "attributes": {"type": "Contact", "url": f"/services/data/v62.0/sobjects/Contact/{contact}"},
        "Id": contact,
        "Name": "First",
    }


def named(items: list[Json]) -> set[str]:
    return {item["name"] for item in items}


def test_tabs_theme_actions_and_apps_are_told(admin: Caller) -> None:
    tabs = admin.ask("GET", "tabs").json()
    theme = admin.ask("GET", "theme").json()
    actions = admin.ask("GET", "quickActions").json()
    own = admin.ask("GET", "sobjects/Contact/quickActions").json()
    apps = admin.ask("GET", "appMenu/AppSwitcher").json()

    assert {"standard-Account", "standard-Contact"} <= named(tabs)
    assert next(tab for tab in tabs if tab["sobjectName"] == "Contact")["url"] == f"{admin.url}/003/o"
    assert {"Account", "Contact"} <= named(theme["themeItems"])
    assert {"NewAccount", "NewContact"} <= named(actions)
    assert own[0]["urls"]["quickAction"].startswith("/services/data/v62.0/sobjects/Contact/quickActions/")
    assert [item["label"] for item in apps["appMenuItems"]] == ["Sales"]
    assert admin.ask("GET", "appMenu/Nothing").status_code == 404


def test_soap_tells_the_same_tabs(admin: Caller) -> None:
    answer = call(admin, "<describeTabs/>")

    assert told(answer, "sobjectName") == [tab["sobjectName"] for tab in admin.ask("GET", "tabs").json()]
    assert told(answer, "selected") == ["true"]
