"""SOAP as clients fall back on it: login as jsforce and simple-salesforce send it, merges, conversions, undelete."""

import re
from xml.sax.saxutils import escape

import pytest
import requests
from simple_salesforce import Salesforce, SalesforceAuthenticationFailed

from tests.localorg.client import Caller, LoginSession, Server

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"


def post(url: str, body: str, header: str = "", dialect: str = "u", version: str = "62.0") -> requests.Response:
    """``body``: an operation; the envelope as jsforce writes it."""
    own = f"urn:{'partner' if dialect == 'u' else 'enterprise'}.soap.sforce.com"
    content = (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}"'
        ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        f'<soapenv:Header xmlns="{own}">{header}</soapenv:Header>'
        f'<soapenv:Body xmlns="{own}">{body}</soapenv:Body></soapenv:Envelope>'
    )
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}
    target = f"{url}/services/Soap/{dialect}/{version}"
    return requests.post(target, content.encode(), headers=headers, timeout=30)


def call(caller: Caller, body: str, header: str = "", dialect: str = "u") -> requests.Response:
    session = f"<SessionHeader><sessionId>{caller.token}</sessionId></SessionHeader>"
    return post(caller.url, body, session + header, dialect)


def told(answer: requests.Response, name: str) -> list[str]:
    return re.findall(rf"<{name}(?: [^>]*)?>([^<]*)</{name}>", answer.text)


def people(server: Server) -> list[dict[str, str]]:
    return server.facts["users"]


def login(server: Server, password: str | None = None, dialect: str = "u") -> requests.Response:
    user = people(server)[0]
    given = escape(user["password"] if password is None else password)
    body = f"<login><username>{user['username']}</username><password>{given}</password></login>"
    return post(server.url, body, dialect=dialect)


def test_simple_salesforce_logs_in_with_name_password_and_token(fresh: Server) -> None:
    user = people(fresh)[0]

    own = Salesforce(user["username"], user["password"], "", version="62.0", session=LoginSession(fresh.url))

    assert own.query("SELECT Id FROM Organization")["totalSize"] == 1


def test_simple_salesforce_is_told_why_a_login_failed(fresh: Server) -> None:
    with pytest.raises(SalesforceAuthenticationFailed) as refused:
        Salesforce(people(fresh)[0]["username"], "wrong", "", session=LoginSession(fresh.url))

    assert refused.value.code == "INVALID_LOGIN"
    assert refused.value.auth_message == "Invalid username, password, security token; or user locked out."


@pytest.mark.parametrize(("dialect", "namespace"), [("u", "partner"), ("c", "enterprise")])
def test_a_login_tells_where_to_go_and_who_came(fresh: Server, dialect: str, namespace: str) -> None:
    answer = login(fresh, dialect=dialect)

    assert answer.status_code == 200
    assert answer.headers["Content-Type"] == "text/xml; charset=utf-8"
    assert f'xmlns="urn:{namespace}.soap.sforce.com"' in answer.text
    (server_url,) = told(answer, "serverUrl")
    organization = told(answer, "organizationId")[0]
    assert server_url == f"{fresh.url}/services/Soap/{dialect}/62.0/{organization[:15]}"
    assert told(answer, "userName") == [people(fresh)[0]["username"]]
    assert told(answer, "passwordExpired") == ["false"]
    # its session is good for REST
    assert Caller(fresh.url, told(answer, "sessionId")[0]).ask("GET", "limits").status_code == 200


def test_a_wrong_password_is_a_fault_in_salesforces_words(fresh: Server) -> None:
    answer = login(fresh, "wrong")

    why = "Invalid username, password, security token; or user locked out."
    assert answer.status_code == 500
    assert answer.text == (
        f'<?xml version="1.0" encoding="UTF-8"?><soapenv:Envelope xmlns:soapenv="{ENVELOPE}"'
        ' xmlns:sf="urn:fault.partner.soap.sforce.com" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">'
        "<soapenv:Body><soapenv:Fault><faultcode>sf:INVALID_LOGIN</faultcode>"
        f"<faultstring>INVALID_LOGIN: {why}</faultstring><detail>"
        '<sf:LoginFault xsi:type="sf:LoginFault"><sf:exceptionCode>INVALID_LOGIN</sf:exceptionCode>'
        f"<sf:exceptionMessage>{why}</sf:exceptionMessage></sf:LoginFault></detail>"
        "</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
    )


def test_a_dead_session_is_a_fault_that_clients_take_for_expiry(fresh: Server) -> None:
    answer = call(Caller(fresh.url, "00D!gone"), "<getUserInfo/>")

    assert answer.status_code == 500
    assert "<faultcode>sf:INVALID_SESSION_ID</faultcode>" in answer.text
    assert told(answer, "faultstring") == [
        "INVALID_SESSION_ID: Invalid Session ID found in SessionHeader: Illegal Session"
    ]
    assert '<sf:UnexpectedErrorFault xsi:type="sf:UnexpectedErrorFault">' in answer.text


def test_logging_out_ends_the_session(fresh: Server) -> None:
    caller = Caller(fresh.url, told(login(fresh), "sessionId")[0])

    assert call(caller, "<logout/>").status_code == 200

    assert caller.ask("GET", "limits").status_code == 401


def test_who_calls_and_what_time_it_is(admin: Caller) -> None:
    info, clock = call(admin, "<getUserInfo/>"), call(admin, "<getServerTimestamp/>")

    assert told(info, "userType") == ["Standard"]
    assert told(info, "roleId") or '<roleId xsi:nil="true"/>' in info.text
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", told(clock, "timestamp")[0])
    assert "<type>API REQUESTS</type>" in info.text


def test_a_query_tells_types_ids_and_moments_as_the_partner_dialect_does(admin: Caller) -> None:
    account = admin.create("Account", Name="Soap & Sons")
    admin.create("Contact", LastName="Bar", AccountId=account)
    soql = (
        "SELECT Name, Phone, CreatedDate, (SELECT LastName FROM Contacts) FROM Account WHERE Name = 'Soap &amp; Sons'"
    )

    answer = call(admin, f"<query><queryString>{soql}</queryString></query>")

    assert answer.status_code == 200, answer.text
    assert '<records xsi:type="sf:sObject"><sf:type>Account</sf:type><sf:Id xsi:nil="true"/>' in answer.text
    assert "<sf:Name>Soap &amp; Sons</sf:Name>" in answer.text
    assert '<sf:Phone xsi:nil="true"/>' in answer.text
    assert told(answer, "sf:CreatedDate")[0].endswith(".000Z")
    assert '<sf:Contacts xsi:type="QueryResult"><done>true</done><queryLocator xsi:nil="true"/>' in answer.text
    assert told(answer, "size") == ["1", "1"]


def test_long_results_are_told_in_pages(admin: Caller) -> None:
    options = "<QueryOptions><batchSize>200</batchSize></QueryOptions>"
    first = call(admin, "<query><queryString>SELECT Id FROM Contact</queryString></query>", options)

    (locator,) = told(first, "queryLocator")
    second = call(admin, f"<queryMore><queryLocator>{locator}</queryLocator></queryMore>", options)

    assert told(first, "done") == ["false"]
    assert len(told(first, "sf:type")) == len(told(second, "sf:type")) == 200
    assert not set(told(first, "sf:Id")) & set(told(second, "sf:Id"))


def test_a_query_that_is_none_is_a_fault_with_its_place(admin: Caller) -> None:
    answer = call(admin, "<query><queryString>SELECT Foo FROM Account</queryString></query>")

    assert answer.status_code == 500
    assert "<faultcode>sf:INVALID_FIELD</faultcode>" in answer.text
    assert "<sf:row>1</sf:row><sf:column>8</sf:column></sf:InvalidFieldFault>" in answer.text


def test_records_are_created_changed_and_deleted_row_by_row(admin: Caller) -> None:
    made = call(
        admin,
        "<create><sObjects><type>Contact</type><LastName>Soap</LastName><Email>soap@example.com</Email></sObjects>"
        "<sObjects><type>Contact</type><FirstName>No last name</FirstName></sObjects></create>",
    )
    (record_id,) = told(made, "id")
    update = (
        f"<update><sObjects><type>Contact</type><Id>{record_id}</Id><Title>Soaper</Title>"
        "<fieldsToNull>Email</fieldsToNull></sObjects></update>"
    )
    changed = call(admin, update)
    kept = admin.get("Contact", record_id)
    gone = call(admin, f"<delete><ids>{record_id}</ids></delete>")

    assert told(made, "success") == ["true", "false"]
    assert told(made, "statusCode") == ["REQUIRED_FIELD_MISSING"]
    assert told(made, "fields") == ["LastName"]
    assert told(changed, "success") == told(gone, "success") == ["true"]
    assert (kept["Email"], kept["Title"]) == (None, "Soaper")
    assert admin.ask("GET", f"sobjects/Contact/{record_id}").status_code == 404


def test_all_or_none_undoes_the_good_rows(admin: Caller) -> None:
    header = "<AllOrNoneHeader><allOrNone>true</allOrNone></AllOrNoneHeader>"
    body = (
        "<create><sObjects><type>Contact</type><LastName>Undone</LastName></sObjects>"
        "<sObjects><type>Contact</type></sObjects></create>"
    )
    answer = call(admin, body, header)

    assert told(answer, "success") == ["false", "false"]
    assert admin.rows("SELECT Id FROM Contact WHERE LastName = 'Undone'") == []


def test_undelete_brings_a_record_back_and_an_empty_bin_does_not(admin: Caller) -> None:
    kept, erased = (admin.create("Account", Name=name) for name in ("Kept", "Erased"))
    for record_id in (kept, erased):
        admin.delete("Account", record_id)

    emptied = call(admin, f"<emptyRecycleBin><ids>{erased}</ids></emptyRecycleBin>")
    answer = call(admin, f"<undelete><ids>{kept}</ids><ids>{erased}</ids></undelete>")

    assert told(emptied, "success") == ["true"]
    assert told(answer, "success") == ["true", "false"]
    assert told(answer, "statusCode") == ["UNDELETE_FAILED"]
    assert admin.get("Account", kept)["IsDeleted"] is False


def test_merge_writes_the_master_moves_children_and_points_the_losers_at_it(admin: Caller) -> None:
    master, loser = (admin.create("Account", Name=name) for name in ("Master", "Loser"))
    child = admin.create("Contact", LastName="Child", AccountId=loser)

    answer = call(
        admin,
        f"<merge><mergeRequests><masterRecord><type>Account</type><Id>{master}</Id><Phone>030 1</Phone></masterRecord>"
        f"<recordToMergeIds>{loser}</recordToMergeIds></mergeRequests></merge>",
    )

    assert told(answer, "success") == ["true"]
    assert told(answer, "mergedRecordIds") == [loser]
    assert told(answer, "updatedRelatedIds") == [child]
    assert admin.get("Account", master)["Phone"] == "030 1"
    (row,) = admin.rows(f"SELECT MasterRecordId FROM Account WHERE Id = '{loser}'", "queryAll")
    assert row["MasterRecordId"] == master


def test_converting_a_lead_obeys_the_callers_wishes(admin: Caller) -> None:
    lead = admin.create("Lead", LastName="Soap", Company="Soap Ltd")

    answer = call(
        admin,
        f"<convertLead><leadConverts><leadId>{lead}</leadId><convertedStatus>Closed - Converted</convertedStatus>"
        "<opportunityName>A big deal</opportunityName></leadConverts></convertLead>",
    )

    assert told(answer, "success") == ["true"]
    assert told(answer, "leadId") == [lead]
    assert admin.get("Opportunity", told(answer, "opportunityId")[0])["Name"] == "A big deal"
    assert admin.get("Lead", lead)["ConvertedContactId"] == told(answer, "contactId")[0]


def test_a_status_that_does_not_mean_converted_is_refused(admin: Caller) -> None:
    lead = admin.create("Lead", LastName="Soap", Company="Soap Ltd")

    answer = call(
        admin,
        f"<convertLead><leadConverts><leadId>{lead}</leadId><convertedStatus>Open</convertedStatus></leadConverts></convertLead>",
    )

    assert told(answer, "statusCode") == ["INVALID_STATUS"]
    assert admin.get("Lead", lead)["IsConverted"] is False


BOMB = '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]>'


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "Premature end of file."),
        (b"<a", "unclosed"),
        (b"{}", "not well-formed"),
        (f'{BOMB}<x xmlns="{ENVELOPE}"><Body><y>&b;</y></Body></x>'.encode(), "DTDForbidden"),
        (f'<Envelope xmlns="{ENVELOPE}"><Header/></Envelope>'.encode(), "body of the SOAP envelope"),
        (b'<?xml version="1.0" encoding="nonsense"?><x/>', "unknown encoding"),
        (b"\xff\xfe\x00", ""),
    ],
)
def test_what_is_no_envelope_is_the_clients_fault(fresh: Server, content: bytes, message: str) -> None:
    headers = {"Content-Type": "text/xml", "SOAPAction": '""'}

    answer = requests.post(f"{fresh.url}/services/Soap/u/62.0", content, headers=headers, timeout=30)

    assert answer.status_code == 500
    assert "<faultcode>soapenv:Client</faultcode>" in answer.text
    assert message in answer.text


def test_unknown_operations_and_versions_are_refused(admin: Caller) -> None:
    assert "No operation available for request {urn:partner.soap.sforce.com}dance" in call(admin, "<dance/>").text
    assert "UNSUPPORTED_API_VERSION" in post(admin.url, "<login/>", version="99.0").text
    assert requests.get(f"{admin.url}/services/Soap/u/62.0", timeout=30).status_code == 405
    bare = requests.post(f"{admin.url}/services/Soap/u/62.0", b"<x/>", timeout=30)
    assert "SOAPAction HTTP header missing" in bare.text


def test_a_value_that_is_none_of_its_type_is_the_clients_fault(admin: Caller) -> None:
    answer = call(
        admin,
        "<create><sObjects><type>Contact</type><LastName>x</LastName><Birthdate>soon</Birthdate></sObjects></create>",
    )

    assert told(answer, "faultstring") == ["'soon' is not a valid value for the type xsd:date"]


def test_a_request_nested_beyond_reason_is_the_clients_fault(admin: Caller) -> None:
    answer = call(
        admin, f"<create><sObjects><type>Account</type>{'<Name>' * 2000}{'</Name>' * 2000}</sObjects></create>"
    )

    assert answer.status_code == 500
    assert "<faultcode>soapenv:Client</faultcode>" in answer.text


def test_faults_by_object_find_what_soap_is_about(admin: Caller) -> None:
    admin.faults({"match": {"object": "Lead"}, "do": "lock", "times": 1})
    lead = "<create><sObjects><type>Lead</type><LastName>L</LastName><Company>C</Company></sObjects></create>"

    locked, free = call(admin, lead), call(admin, lead)
    admin.faults({"match": {"object": "Lead"}, "do": "status", "status": 503, "times": 1})

    assert told(locked, "statusCode") == ["UNABLE_TO_LOCK_ROW"]
    assert told(free, "success") == ["true"]
    assert [call(admin, lead).status_code, call(admin, lead).status_code] == [503, 200]
