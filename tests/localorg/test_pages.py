"""Looking at records and changing them, as one of the people of the org."""

import re

import pytest
import requests

from tests.localorg.client import Caller, Server
from tests.localorg.people import Person, links_of

HOSTILE = """<script>alert('x')</script> & "quotes' \\ %_ ünïcödé 🦄"""


@pytest.fixture
def ada(fresh: Server) -> Person:
    return Person(fresh, "admin@")


@pytest.fixture
def sol(fresh: Server) -> Person:
    return Person(fresh, "sol.vargas@")


@pytest.fixture
def rita(fresh: Server) -> Person:
    """She may read and nothing else."""
    return Person(fresh, "rita.reader@")


def test_a_stranger_is_asked_to_log_in_and_led_on(fresh: Server, admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="Linked")
    session = requests.Session()

    form = session.get(f"{fresh.url}/{record_id}", timeout=30)
    user = fresh.facts["users"][1]
    page = session.post(form.url, data={"username": user["username"], "password": user["password"]}, timeout=30)

    assert "/login?" in form.url
    assert "Linked" in page.text


@pytest.mark.parametrize("url", ["//evil.example", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])
def test_the_login_leads_only_to_pages_of_this_org(fresh: Server, url: str) -> None:
    form = {"as": fresh.facts["users"][0]["username"]}

    answer = requests.post(f"{fresh.url}/login", params={"startURL": url}, data=form, allow_redirects=False, timeout=30)

    assert answer.headers["Location"] == "/"


@pytest.mark.parametrize("form", [{"username": "x", "password": "y"}, {"as": "nobody@x.example"}, {"as": ""}, {}])
def test_only_the_orgs_people_can_log_in(fresh: Server, form: dict[str, str]) -> None:
    answer = requests.post(f"{fresh.url}/login", data=form, timeout=30)

    assert "Please check" in answer.text
    assert "sid" not in answer.cookies


def test_those_who_left_are_not_on_the_list_and_cannot_log_in(fresh: Server) -> None:
    page = requests.get(f"{fresh.url}/login", timeout=30).text
    answer = requests.post(f"{fresh.url}/login", data={"as": "gone.former@localorg.example"}, timeout=30)

    assert "Sol Vargas" in page
    assert "Gone Former" not in page
    assert "Please check" in answer.text


def test_forms_of_other_sites_change_nothing(ada: Person, admin: Caller) -> None:
    record_id = admin.create("Contact", LastName="Safe")

    for origin in ("http://evil.example", "null", ada.url.replace("127.0.0.1", "localhost")):
        answer = ada.post(f"{ada.url}/{record_id}/delete", headers={"Origin": origin}, timeout=30)
        assert answer.status_code == 403
    assert admin.get("Contact", record_id)["IsDeleted"] is False
    assert ada.post(f"{ada.url}/{record_id}/delete", headers={"Origin": ada.url}, timeout=30).status_code == 200


def test_pages_have_one_host(ada: Person) -> None:
    answer = requests.get(f"{ada.url}/003/o?q=a", headers={"Host": "localhost:1"}, allow_redirects=False, timeout=30)

    assert answer.headers["Location"] == f"{ada.url}/003/o?q=a"


def test_lists_can_be_searched_sorted_and_paged(ada: Person, admin: Caller) -> None:
    admin.create("Contact", LastName="Findable", Email="needle@hay.example")

    assert "Findable" in ada.see("/003/o", q="needle@")
    assert "Page 2 of 41" in ada.see("/003/o", page="2")
    names = re.findall(r'<td[^>]*data-label="Last Name|data-label="Full Name">\s*<a[^>]*>([^<]*)', ada.page("/003/o"))
    assert names == sorted(names, key=str.lower)
    assert "2,001" in ada.see("/Contact/o", order="-Email")


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999999999999999999", "1e3"])
def test_any_page_number_shows_a_page(ada: Person, page: str) -> None:
    assert "of 40" in ada.see("/003/o", page=page)


def test_a_list_can_be_of_ones_own_records(sol: Person, admin: Caller) -> None:
    total = admin.query("SELECT COUNT() FROM Account WHERE Owner.Username LIKE 'sol.%'")["totalSize"]

    assert f"Accounts {total} " in sol.see("/001/o", mine="1")


def test_an_empty_list_says_so(ada: Person, admin: Caller) -> None:
    assert "No contacts hold “nobody at all”" in ada.see("/003/o", q="nobody at all")
    assert "There are no notes yet" in ada.see("/002/o")


def test_wildcards_are_only_letters(ada: Person, admin: Caller) -> None:
    admin.create("Account", Name="100%_sure")

    assert "Accounts 1 " in ada.see("/001/o", q="0%_s")
    assert "No accounts hold" in ada.see("/001/o", q="%'\\_")


def test_the_search_finds_records_of_every_kind(ada: Person, admin: Caller) -> None:
    account = admin.create("Account", Name="Zanzibar Traders")
    admin.create("Contact", LastName="Zanzibarsky", AccountId=account)
    admin.create("Task", Subject="Call Zanzibar")

    found = ada.see("/search", q="zanzibar")

    assert all(text in found for text in ("Accounts 1", "Contacts 1", "Tasks 1", "Zanzibar Traders"))
    assert "Nothing holds" in ada.see("/search", q="no such thing")
    assert "Type at least" in ada.see("/search", q="z")


def test_every_object_has_a_list(ada: Person) -> None:
    links = {link for link in links_of(ada.page("/")) if link.endswith("/o")}

    assert len(links) > 20
    for link in links:
        assert ada.status(link) == 200, link


def test_every_kind_of_record_can_be_looked_at_and_edited(ada: Person, admin: Caller) -> None:
    for name in ("Account", "Contact", "Lead", "Opportunity", "Task", "Event", "Campaign", "CampaignMember", "User"):
        record_id = admin.rows(f"SELECT Id FROM {name} LIMIT 1")[0]["Id"]
        assert ada.status(f"/{record_id}") == 200, name
        assert ada.status(f"/{record_id}/e") == 200, name


def test_a_record_shows_what_hangs_on_it(ada: Person, admin: Caller) -> None:
    account = admin.create("Account", Name="A", BillingCity="Bilbao", AnnualRevenue=1_250_000)
    for number in range(7):
        admin.create("Contact", LastName=f"Person {number}", AccountId=account)

    page = ada.see(f"/{account}")

    assert all(text in page for text in ("Bilbao", "1,250,000", "Contacts 7", "View all"))
    assert "Contacts 7 of A" in ada.see("/Contact/o", by="AccountId", of=account)


def test_a_new_record_begins_with_the_one_it_was_opened_from(ada: Person, admin: Caller) -> None:
    account = admin.create("Account", Name="The Parent")
    link = next(link for link in links_of(ada.page(f"/{account}")) if link.startswith("/Contact/e"))

    assert 'value="The Parent"' in ada.page(link)
    made = ada.enter(link, {"LastName": "Child", "AccountId": "The Parent", "AccountId.id": account})

    assert made.url.endswith(account)
    (row,) = admin.rows(f"SELECT Name FROM Contact WHERE AccountId = '{account}'")
    assert row["Name"] == "Child"


def test_a_record_can_be_made_changed_and_deleted(ada: Person, admin: Caller) -> None:
    made = ada.enter("/003/e", {"LastName": "Paged", "Email": "", "Level__c": "Primary"})
    record_id = made.url.rsplit("/", 1)[1]
    assert admin.get("Contact", record_id)["Level__c"] == "Primary"

    ada.enter(f"/{record_id}/e", [("LastName", "Changed"), ("DoNotCall", ""), ("DoNotCall", "on")])
    changed = admin.get("Contact", record_id)
    assert (changed["LastName"], changed["DoNotCall"], changed["Level__c"]) == ("Changed", True, "Primary")

    ada.enter(f"/{record_id}/delete")
    assert admin.ask("GET", f"sobjects/Contact/{record_id}").status_code == 404
    assert "recycle bin" in ada.see(f"/{record_id}")


def test_what_is_on_a_form_and_left_alone_is_not_written(ada: Person, admin: Caller) -> None:
    lead = admin.create("Lead", LastName="L", Company="C", AnnualRevenue=1234.5, Description="a\r\nb")
    before = admin.get("Lead", lead)
    page = ada.page(f"/{lead}/e")
    names = set(re.findall(r'name="([\w.]+)"', page)) - {"q", "_seen"}
    values = dict(re.findall(r'<input(?! type="checkbox")[^>]*?name="([\w.]+)" value="([^"]*)"', page))

    form = {name: values.get(name, "") for name in names}
    for name in ("Description", "Status", "LeadSource", "CleanStatus", "Rating", "Industry", "Salutation", "Street"):
        form[name] = before[name] or ""
    assert ada.enter(f"/{lead}/e", form).url.endswith(lead)

    after = admin.get("Lead", lead)
    moved = {"LastModifiedDate", "SystemModstamp", "IsUnreadByOwner"}
    assert {name for name in before if before[name] != after[name]} <= moved


def test_errors_stand_beside_their_field_and_nothing_typed_is_lost(ada: Person) -> None:
    page = ada.enter("/003/e", {"LastName": "Kept text", "Email": "nope", "Birthdate": "never"})

    assert page.status_code == 400
    assert "This is not a valid date." in page.text
    page = ada.enter("/003/e", {"LastName": "Kept text", "Email": "nope"})
    assert re.search(r'value="nope".*?invalid email address: nope', page.text, re.S)
    assert 'value="Kept text"' in page.text


def test_a_lookup_takes_a_name_that_is_clear(ada: Person, admin: Caller) -> None:
    account = admin.create("Account", Name="Only One")
    twins = [admin.create("Account", Name="Twin") for _ in range(2)]

    made = ada.enter("/003/e", {"LastName": "A", "AccountId": "only one"})
    unclear = ada.enter("/003/e", {"LastName": "A", "AccountId": "Twin"})
    unknown = ada.enter("/003/e", {"LastName": "A", "AccountId": "Nobody Inc"})
    chosen = ada.enter("/003/e", {"LastName": "A", "AccountId": "Twin", "AccountId.id": twins[1]})

    assert admin.get("Contact", made.url.rsplit("/", 1)[1])["AccountId"] == account
    assert "More than one record is called" in unclear.text
    assert "No Account is called" in unknown.text
    assert admin.get("Contact", chosen.url.rsplit("/", 1)[1])["AccountId"] == twins[1]


def test_lookups_suggest_what_the_person_may_see(ada: Person, admin: Caller) -> None:
    account = admin.create("Account", Name="Suggestible Ltd")

    found = ada.get(f"{ada.url}/lookup", params={"object": "Account,Nothing", "q": "suggest"}, timeout=30).json()

    assert found == [{"id": account, "name": "Suggestible Ltd", "object": "Account"}]


def test_an_edit_of_a_record_that_changed_meanwhile_is_refused(ada: Person, admin: Caller) -> None:
    contact = admin.create("Contact", LastName="A")

    answer = ada.enter(f"/{contact}/e", {"LastName": "B", "_seen": "2020-01-01T00:00:00.000+0000"})

    assert answer.status_code == 400
    assert "Somebody changed this record" in answer.text
    assert admin.get("Contact", contact)["LastName"] == "A"


def test_what_people_enter_is_shown_and_never_run(ada: Person, admin: Caller) -> None:
    made = ada.enter("/001/e", {"Name": HOSTILE, "Website": "javascript:alert(1)", "Description": HOSTILE})
    account = made.url.rsplit("/", 1)[1]
    task = admin.create("Task", Subject=HOSTILE, WhatId=account)
    paths = (
        f"/{account}",
        f"/{account}/e",
        f"/{task}",
        "/001/o?q=unicode",
        "/search?q=%3Cscript%3E",
        f"/{account}/merge",
    )

    assert admin.get("Account", account)["Name"] == HOSTILE
    for path in paths:
        page = ada.page(path)
        assert "<script>alert" not in page
        assert 'href="javascript:' not in page


def test_who_may_only_read_is_offered_nothing_else(rita: Person, admin: Caller) -> None:
    contact, lead = admin.create("Contact", LastName="A"), admin.create("Lead", LastName="L", Company="C")

    page = rita.page(f"/{contact}")

    assert not {f"/{contact}/e", "/Task/e"} & set(links_of(page))
    assert "Delete" not in page
    for path in (f"/{contact}/e", "/003/e", f"/{lead}/convert", f"/003/merge?id={contact}", "/setup"):
        assert rita.status(path) == 404, path
    assert rita.enter(f"/{contact}/delete").status_code == 400
    assert admin.get("Contact", contact)["IsDeleted"] is False


def test_files_are_sent_to_a_record_and_fetched_again(ada: Person, admin: Caller) -> None:
    account = admin.create("Account", Name="A")

    page = ada.enter(f"/{account}/files", files={"file": ("naïve plan.html", b"<script>1</script>", "text/html")})
    (row,) = admin.rows("SELECT Id, Title, ContentDocumentId FROM ContentVersion")
    answer = ada.get(f"{ada.url}/sfc/servlet.shepherd/version/download/{row['Id']}", timeout=30)

    assert "naïve plan" in page.text
    assert answer.content == b"<script>1</script>"
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["Content-Type"] == "application/octet-stream"
    assert ada.enter(f"/{account}/files").status_code == 400


def test_an_attachment_can_be_made_by_form_and_fetched(ada: Person, admin: Caller) -> None:
    account = admin.create("Account", Name="A")
    form = {"Name": "a.txt", "ParentId": "A", "ParentId.id": account}

    made = ada.enter("/Attachment/e", form, {"Body": ("a.txt", b"text", "text/plain")})

    record_id = made.url.rsplit("/", 1)[1]
    assert ada.get(f"{ada.url}/servlet/servlet.FileDownload?file={record_id}", timeout=30).content == b"text"


def test_the_bin_shows_what_was_deleted_and_gives_it_back_with_its_children(ada: Person, admin: Caller) -> None:
    account = admin.create("Account", Name="Deleted Ltd")
    contact = admin.create("Contact", LastName="Taken along", AccountId=account)
    ada.enter(f"/{account}/delete")

    page = ada.see("/bin")
    restored = ada.enter("/bin", {"id": account})

    assert "Deleted Ltd" in page
    assert "Taken along" not in page
    assert "The recycle bin is empty" in restored.text
    assert admin.get("Contact", contact)["AccountId"] == account


def test_the_bin_can_be_emptied_record_by_record(ada: Person, admin: Caller) -> None:
    contact = admin.create("Contact", LastName="A")
    admin.delete("Contact", contact)

    ada.enter("/bin", {"id": contact, "erase": "1"})

    assert admin.rows(f"SELECT Id FROM Contact WHERE Id = '{contact}'", "queryAll") == []
    assert ada.enter("/bin", {"erase": "1"}).status_code == 400
    assert ada.enter("/bin", {"id": contact}).status_code == 400


def test_records_are_merged_with_the_values_that_were_chosen(ada: Person, admin: Caller) -> None:
    first = admin.create("Contact", LastName="Old", Title="CEO", Phone="1")
    second = admin.create("Contact", LastName="New", Email="n@x.example", Phone="2")
    page = ada.see("/003/merge", id=[first, second])

    form = [("id", first), ("id", second), ("master", first), ("LastName", second), ("Email", second), ("Phone", first)]
    merged = ada.enter("/003/merge", form)

    assert "Choose whose value" in page
    assert merged.url.endswith(first)
    kept = admin.get("Contact", first)
    assert [kept[name] for name in ("LastName", "Title", "Email", "Phone")] == ["New", "CEO", "n@x.example", "1"]
    assert "was merged into" in ada.see(f"/{second}")


@pytest.mark.parametrize("count", [0, 1, 4])
def test_two_or_three_records_are_merged_at_a_time(ada: Person, admin: Caller, count: int) -> None:
    chosen = [("id", admin.create("Contact", LastName=str(n))) for n in range(count)]

    assert ada.enter("/003/merge", chosen).status_code == 400


def test_what_cannot_be_merged_has_no_such_page(ada: Person) -> None:
    assert ada.status("/00T/merge") == 404


def test_a_lead_is_converted_into_what_was_chosen(ada: Person, admin: Caller) -> None:
    account = admin.create("Account", Name="Acme")
    lead = admin.create("Lead", LastName="Lindt", Company="Acme")

    page = ada.see(f"/{lead}/convert")
    form = {"account": "Acme", "account.id": account, "opportunity": "on", "opportunity_name": "Big deal"}
    done = ada.enter(f"/{lead}/convert", form)

    body = admin.get("Lead", lead)
    assert "There is already: Acme" in page
    assert done.url.endswith(body["ConvertedContactId"])
    assert body["ConvertedAccountId"] == account
    assert admin.get("Opportunity", body["ConvertedOpportunityId"])["Name"] == "Big deal"
    assert "This lead was converted" in ada.see(f"/{lead}")
    assert ada.status(f"/{lead}/convert") == 404


def test_a_conversion_that_cannot_be_says_why(ada: Person, admin: Caller) -> None:
    lead = admin.create("Lead", LastName="Lindt", Company="Acme")

    unknown = ada.enter(f"/{lead}/convert", {"account": "No such account"})
    wrong = ada.enter(f"/{lead}/convert", {"status": "Open - Not Contacted"})

    assert (unknown.status_code, wrong.status_code) == (400, 400)
    assert "No Account is called" in unknown.text
    assert "invalid convertedStatus" in wrong.text
    assert admin.get("Lead", lead)["IsConverted"] is False


def test_lightnings_addresses_lead_to_the_record(ada: Person, admin: Caller) -> None:
    contact = admin.create("Contact", LastName="A")

    for path in (f"/lightning/r/Contact/{contact}/view", f"/lightning/r/{contact}/view"):
        assert ada.get(ada.url + path, timeout=30).url == f"{ada.url}/{contact}"


@pytest.mark.parametrize(
    "path",
    [
        "/003Lo0zzzzzzzzzAAA",
        "/nothing",
        "/zzz/o",
        "/zzz/e",
        "/003Lo0zzzzzzzzzAAA/e",
        "/003/o?by=Nothing&of=x",
        "/06A/o",
        "/003Lo0zzzzzzzzz/convert",
        "/sfc/servlet.shepherd/version/download/068Lo0zzzzzzzzz",
        "/servlet/servlet.FileDownload",
        "/apex/Nothing",
        "/%00",
        "/\u2028/o",
    ],
)
def test_what_does_not_exist_says_so(ada: Person, path: str) -> None:
    assert ada.status(path) == 404


def test_logging_out_ends_the_session(ada: Person) -> None:
    token = ada.cookies["sid"]
    ada.enter("/logout")

    assert "/login" in ada.get(ada.url, timeout=30).url
    assert "/login" in requests.get(ada.url, cookies={"sid": token}, timeout=30).url
