"""Visualforce pages: their markup, who sees what of it, and the setup that makes them."""

import html
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from localorg import ids
from localorg.visualforce import expressions, markup, tickets
from localorg.visualforce.markup import MarkupError

from tests.localorg.client import Caller, Server
from tests.localorg.people import Person

PAGE = """
<apex:page standardController="Account" showHeader="false">
  <h1>{!Account.Name} &amp; {!Account.Owner.Name}</h1>
  <a href="{!Account.Id}">alone</a>
  <apex:iframe height="450px"
      src="https://crm.example/p?id={!account.id}&amp;u={!$User.Id}&amp;n={!URLENCODE(Account.Name)}"/>
</apex:page>
"""


@pytest.fixture
def ada(fresh: Server) -> Person:
    return Person(fresh, "admin@")


@pytest.fixture
def account(admin: Caller) -> Iterator[str]:
    put(admin, PAGE).raise_for_status()
    yield admin.create("Account", Name='Acme "<b>" & Co')
    admin.control("settings", {"visualforce_pages": []}).raise_for_status()


def put(admin: Caller, text: str, **more: Any) -> requests.Response:
    return admin.control("settings", {"visualforce_pages": [{"name": "Panel", "markup": text, **more}]})


def shown(person: Person, record_id: str, name: str = "Panel") -> requests.Response:
    """The page as its own host serves it: the machine's resolver may not know *.localhost, so the header says it."""
    sent = person.get(f"{person.url}/apex/{name}?id={record_id}", allow_redirects=False, timeout=30)
    target = urlsplit(sent.headers["Location"])
    return requests.get(f"{person.url}{target.path}?{target.query}", headers={"Host": target.netloc}, timeout=30)


def test_the_record_page_has_a_tab_for_the_page(ada: Person, account: str) -> None:
    assert f'src="/apex/Panel?id={account}" height="450"' in ada.page(f"/{account}?tab=Panel")
    assert f"/{account}?tab=Panel" in ada.page(f"/{account}")


def test_other_objects_have_none(ada: Person, admin: Caller, account: str) -> None:
    contact = admin.create("Contact", LastName="A")

    assert "tab=Panel" not in ada.page(f"/{contact}")
    assert "iframe" not in ada.page(f"/{contact}?tab=Panel")


def test_merge_fields_are_filled_in_and_escaped(ada: Person, account: str) -> None:
    answer = shown(ada, account)

    assert answer.status_code == 200
    assert '<h1>Acme "&lt;b&gt;" &amp; Co &amp; Ada Admin</h1>' in answer.text
    (source,) = re.findall(r'<iframe src="([^"]*)" height="450"', answer.text)
    query = parse_qs(urlsplit(html.unescape(source)).query)
    assert query["n"] == ['Acme "<b>" & Co']


def test_ids_are_short_alone_and_long_within_text(ada: Person, account: str) -> None:
    text = html.unescape(shown(ada, account).text)

    assert f'href="{account[:15]}"' in text
    assert f"id={account}&" in text
    assert re.search(r"&u=005\w{12}&", text)


def test_the_page_may_be_framed_by_its_org_alone(ada: Person, account: str) -> None:
    assert shown(ada, account).headers["Content-Security-Policy"] == f"frame-ancestors 'self' {ada.url}"
    assert "frame-ancestors 'none'" in ada.get(f"{ada.url}/{account}", timeout=30).headers["Content-Security-Policy"]


def test_everybody_sees_what_they_may_see(fresh: Server, admin: Caller, account: str) -> None:
    put(admin, '<apex:page standardController="Account">{!Account.Name}|{!$User.Email}</apex:page>').raise_for_status()

    assert "|sol.vargas@localorg.example" in shown(Person(fresh, "sol.vargas@"), account).text


@pytest.mark.parametrize("record_id", ["", "001Lo0zzzzzzzzz", "003Lo0000000001", "nonsense"])
def test_a_page_without_its_record_is_not_found(ada: Person, account: str, record_id: str) -> None:
    assert shown(ada, record_id).status_code == 404


@pytest.mark.parametrize("ticket", ["", "x", "005Lo0000000001.99999999999.abc", "005Lo0000000001.x.y", "a.b.c.d"])
def test_without_a_ticket_people_are_sent_to_the_orgs_own_host(fresh: Server, account: str, ticket: str) -> None:
    host = urlsplit(fresh.facts["visualforce_url"]).netloc
    url = f"{fresh.url}/apex/Panel?id={account}&{tickets.PARAMETER}={ticket}"

    answer = requests.get(url, headers={"Host": host}, allow_redirects=False, timeout=30)

    assert answer.headers["Location"] == f"{fresh.url}/apex/Panel?id={account}"


def test_the_visualforce_host_has_nothing_else(fresh: Server) -> None:
    host = urlsplit(fresh.facts["visualforce_url"]).netloc

    for path in ("/", "/003/o", "/setup", "/localorg/settings"):
        answer = requests.get(fresh.url + path, headers={"Host": host}, allow_redirects=False, timeout=30)
        assert answer.headers["Location"] == fresh.url + path


def test_an_administrator_makes_changes_and_deletes_pages(ada: Person, admin: Caller) -> None:
    made = ada.enter("/setup/pages/new", {"name": "My_Page", "label": "My tab", "height": "600", "markup": PAGE})
    kept = admin.control("settings", {}).json()["visualforce_pages"]
    ada.enter("/setup/pages/My_Page", {"name": "Other", "label": "", "height": "450", "markup": "<apex:page/>"})
    changed = admin.control("settings", {}).json()["visualforce_pages"]
    ada.enter("/setup/pages/Other", {"delete": "1"})

    assert "My_Page" in made.text
    assert [(page["name"], page["label"], page["height"]) for page in kept] == [("My_Page", "My tab", 600)]
    assert [(page["name"], page["label"]) for page in changed] == [("Other", "Other")]
    assert admin.control("settings", {}).json()["visualforce_pages"] == []


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"name": "9x"}, "begins with a letter"),
        ({"name": ""}, "begins with a letter"),
        ({"height": "tall"}, "number of pixels"),
        ({"height": "1"}, "number of pixels"),
        ({"markup": ""}, "A page is one"),
        ({"markup": "<p/>"}, "A page is one"),
        ({"markup": "<apex:page><br></apex:page>"}, "Mismatched tag at line 1"),
        ({"markup": "<apex:page>\n<a href='?a=1&b=2'/></apex:page>"}, "Not well-formed (invalid token) at line 2"),
        ({"markup": "<apex:page><apex:form/></apex:page>"}, "Unknown component <apex:form>"),
        ({"markup": '<apex:page><apex:iframe onclick="x"/></apex:page>'}, "Unsupported attribute onclick"),
        ({"markup": "<!DOCTYPE x [<!ENTITY a 'b'>]><apex:page>&a;</apex:page>"}, "Error:"),
        ({"markup": '<apex:page standardController="Nothing"/>'}, "Nothing does not exist"),
        ({"markup": "<apex:page>{!Account.Name}</apex:page>"}, "Unknown property 'Account.Name'"),
        ({"markup": '<apex:page standardController="Account">{!Account.Nope}</apex:page>'}, "Invalid field Nope"),
        ({"markup": "<apex:page>{!SHOUT($User.Id)}</apex:page>"}, "Unknown function SHOUT"),
        ({"markup": "<apex:page>{!$User.Id</apex:page>"}, "not closed"),
        ({"markup": "<apex:page>{!}</apex:page>"}, "Syntax error"),
    ],
)
def test_pages_that_would_not_work_are_refused_beside_the_input(ada: Person, given: dict[str, str], words: str) -> None:
    form = {"name": "Page", "label": "", "height": "450", "markup": "<apex:page/>"} | given

    answer = ada.enter("/setup/pages/new", form)

    (field,) = given
    wrong = re.search(rf'id="{field}-wrong">([^<]*)', answer.text)
    assert answer.status_code == 400
    assert wrong
    assert words in html.unescape(wrong[1])


def test_two_pages_cannot_have_one_name(ada: Person, account: str) -> None:
    answer = ada.enter("/setup/pages/new", {"name": "PANEL", "label": "", "height": "450", "markup": "<apex:page/>"})

    assert "There is already a page" in answer.text


def test_setup_is_for_administrators(fresh: Server, account: str) -> None:
    sol = Person(fresh, "sol.vargas@")

    assert [sol.status(path) for path in ("/setup", "/setup/pages/new", "/setup/pages/Panel")] == [404, 404, 404]
    assert sol.enter("/setup/pages/Panel", {"delete": "1"}).status_code == 404
    assert sol.status(f"/{account}?tab=Panel") == 200


@pytest.mark.parametrize(
    "pages",
    [5, ["x"], [{}], [{"name": "A"}], [{"name": "A", "markup": 5}], [{"name": "A", "markup": "<apex:page/>", "x": 1}]],
)
def test_the_switch_takes_only_pages_that_work(admin: Caller, pages: Any) -> None:
    assert admin.control("settings", {"visualforce_pages": pages}).status_code == 400


def test_a_ticket_is_good_for_its_holder_alone() -> None:
    ticket = tickets.issue("005Lo0000000001IAA")

    assert tickets.holder(ticket) == "005Lo0000000001IAA"
    assert tickets.holder(ticket.replace("0001", "0002")) is None
    assert tickets.holder(ticket[:-1]) is None


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80))
def test_any_text_is_a_page_or_a_refusal(text: str) -> None:
    try:
        page = markup.parse(f"<apex:page>{text}</apex:page>")
        names = list(markup.names(page))
    except MarkupError:
        return
    assert markup.render(page, "x", lambda name: f"[{name}]").startswith(b"<!DOCTYPE html>")
    assert all("." in name for name in names)


@given(st.text(max_size=40))
def test_values_come_out_of_functions_as_they_should(value: str) -> None:
    def called(function: str) -> str:
        return expressions.fill(f"{{!{function}(Account.Name)}}", lambda _: value)

    assert parse_qs(f"a={called('URLENCODE')}", keep_blank_values=True)["a"] == [value]
    assert html.unescape(called("HTMLENCODE")) == value or "&" in value


def test_the_long_form_of_an_id_can_be_asked_for() -> None:
    account = ids.make("001", 1)

    assert expressions.fill("{!Account.Id}", lambda _: account) == account[:15]
    assert expressions.fill("{! CASESAFEID( Account.Id ) }", lambda _: account) == account
