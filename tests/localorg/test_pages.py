"""Looking at records and changing them in a browser."""

import re

import pytest
import requests

from tests.localorg.client import Caller, Server


@pytest.fixture
def browser(fresh: Server) -> requests.Session:
    session = requests.Session()
    user = fresh.facts["users"][0]
    answer = session.post(
        f"{fresh.url}/login", data={"username": user["username"], "password": user["password"]}, timeout=30
    )
    assert "Contacts" in answer.text
    return session


def test_a_stranger_is_asked_to_log_in_and_led_on(fresh: Server, admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="Linked")
    session = requests.Session()

    form = session.get(f"{fresh.url}/{record_id}", timeout=30)
    user = fresh.facts["users"][1]
    page = session.post(form.url, data={"username": user["username"], "password": user["password"]}, timeout=30)

    assert "/login?" in form.url
    assert "Linked" in page.text


def test_the_login_leads_only_to_pages_of_this_org(fresh: Server) -> None:
    user = fresh.facts["users"][0]
    form = {"username": user["username"], "password": user["password"]}

    answer = requests.post(f"{fresh.url}/login?startURL=//evil.example", data=form, allow_redirects=False, timeout=30)

    assert answer.headers["Location"] == "/"


def test_a_wrong_password_says_so(fresh: Server) -> None:
    assert (
        "Please check" in requests.post(f"{fresh.url}/login", data={"username": "x", "password": "y"}, timeout=30).text
    )


def test_lists_can_be_searched_and_paged(browser: requests.Session, admin: Caller) -> None:
    admin.create("Contact", LastName="Findable", Email="needle@hay.example")

    found = browser.get(f"{admin.url}/003/o", params={"q": "needle@"}, timeout=30).text
    second = browser.get(f"{admin.url}/003/o", params={"page": "2"}, timeout=30).text

    assert "Findable" in found
    assert "Page 1 of 1" in found
    assert "Page 2 of 41" in second


def test_every_object_has_a_list(browser: requests.Session, admin: Caller) -> None:
    home = browser.get(admin.url, timeout=30).text
    for link in set(re.findall(r'href="(/\w+/o)"', home)):
        assert browser.get(admin.url + link, timeout=30).status_code == 200


def test_a_record_can_be_made_changed_and_deleted(browser: requests.Session, admin: Caller) -> None:
    made = browser.post(
        f"{admin.url}/003/e", data={"LastName": "Paged", "Email": "", "Level__c": "Primary"}, timeout=30
    )
    record_id = made.url.rsplit("/", 1)[1]
    assert admin.get("Contact", record_id)["Level__c"] == "Primary"

    browser.post(f"{admin.url}/{record_id}/e", data={"LastName": "Changed", "DoNotCall": "on"}, timeout=30)
    changed = admin.get("Contact", record_id)
    assert (changed["LastName"], changed["DoNotCall"], changed["Level__c"]) == ("Changed", True, "Primary")

    browser.post(f"{admin.url}/{record_id}/delete", timeout=30)
    assert admin.ask("GET", f"sobjects/Contact/{record_id}").status_code == 404
    assert "recycle bin" in browser.get(f"{admin.url}/{record_id}", timeout=30).text


def test_errors_stand_beside_their_field_and_nothing_typed_is_lost(browser: requests.Session, admin: Caller) -> None:
    page = browser.post(
        f"{admin.url}/003/e", data={"LastName": "Kept text", "Email": "nope", "Birthdate": ""}, timeout=30
    )

    assert page.status_code == 400
    assert re.search(r'value="nope".*?invalid email address: nope', page.text, re.S)
    assert 'value="Kept text"' in page.text


def test_every_record_page_renders(browser: requests.Session, admin: Caller) -> None:
    for name in ("Account", "Contact", "Lead", "Opportunity", "Task", "Event", "Campaign", "CampaignMember", "User"):
        record_id = admin.rows(f"SELECT Id FROM {name} LIMIT 1")[0]["Id"]
        assert browser.get(f"{admin.url}/{record_id}", timeout=30).status_code == 200
        assert browser.get(f"{admin.url}/{record_id}/e", timeout=30).status_code == 200 or name == "Organization"


def test_what_does_not_exist_says_so(browser: requests.Session, admin: Caller) -> None:
    for path in ("/003Lo0zzzzzzzzzAAA", "/nothing", "/zzz/o"):
        assert browser.get(admin.url + path, timeout=30).status_code == 404


def test_logging_out_ends_the_session(browser: requests.Session, admin: Caller) -> None:
    browser.post(f"{admin.url}/logout", timeout=30)

    assert "/login" in browser.get(admin.url, timeout=30).url
