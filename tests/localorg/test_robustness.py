"""Whatever comes in, the org answers as Salesforce would: never a 500, and every error in a shape of its own."""

import gzip
import json
import socket
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from localorg.api import router

from tests.localorg.client import Caller, Json

TRIES = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])

several = str.split
METHODS = several("GET POST PATCH PUT DELETE HEAD OPTIONS PROPFIND")
WORDS = several(f"""
    sobjects query queryAll composite tree batch graph describe layouts updated deleted limits recordCount recent search
    jobs ingest Contact Account Task User CampaignMember Id Email Name id ui-api object-info %00 %FF . .. {"a" * 300}
    003000000000001 0032x00000AbcdeAAA 001Lo000000000BAAQ 01gLo000000000BAAQ-2000
""")
PLACES = ["/services/data/v62.0/", "/services/data/v62.0/", "/services/data/", "/services/data/v31.0/"]
PARAMETERS = several("q ids fields start end sObjects limit allOrNone _HttpMethod updateOnly")
NAMES = several("""
    records attributes type allOrNone Id id LastName Name Email AccountId Account compositeRequest batchRequests method
    url referenceId body richInput ids fields graphs ActivityDate StartDateTime IsPrivate NumberOfEmployees
    AnnualRevenue operation object state
""")
TEXTS = [
    *("Contact", "POST", "GET", "/services/data/v62.0/sobjects/Contact", "@{a.id}", "a", "003", "2026-02-30", "x@y.zz"),
    *("SELECT Id FROM Contact", "SELECT", "SELECT Id FROM Contact WHERE", "\x00", "\ud7ff", "1e999", "true"),
]
HEADERS = several("""
    Content-Type Accept Accept-Encoding Sforce-Query-Options Sforce-Call-Options If-Match If-Modified-Since
    Sforce-Auto-Assign Sforce-Duplicate-Rule-Header X-PrettyPrint
""")
TOLD = ["application/json", "text/csv", "gzip", "batchSize=99999999999999999999", "TRUE", "1", "", "x=y;;="]
OAUTH = several("""
    grant_type username password client_id client_secret code redirect_uri refresh_token assertion token code_verifier
    scope response_type state prompt format version
""")
OAUTH_VALUES = several("password refresh_token authorization_code client_credentials code login")
PAGES = several("""
    login 003/o 003/e zzz/o 001Lo000000000BAAQ 001Lo000000000BAAQ/e 001Lo000000000BAAQ/delete x/y/z id/x/y id/00D/005
    localorg localorg/merge localorg/convert localorg/undelete localorg/clock localorg/settings localorg/calls/log
    localorg/calls localorg/faults localorg/style.css
""")

texts = st.sampled_from(TEXTS) | st.text(max_size=20)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES) | texts, inner, max_size=4),
    max_leaves=12,
)
words = st.sampled_from(WORDS) | st.text(max_size=8).map(lambda text: quote(text, safe=""))


@st.composite
def served(draw: st.DrawFn) -> str:
    """A path that there is a route for, with anything at all in its open places."""
    route = draw(st.sampled_from(router.ROUTES))
    return "/".join(draw(words) if segment.startswith("{") else segment for segment in route.pattern)


paths = st.builds("{}{}".format, st.sampled_from(PLACES), served() | st.lists(words, max_size=5).map("/".join))
queries = st.dictionaries(st.sampled_from(PARAMETERS) | texts, texts, max_size=3)
visible = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=30)
headers = st.dictionaries(st.sampled_from(HEADERS), st.sampled_from(TOLD) | visible, max_size=3)


def is_of_salesforce(answer: requests.Response) -> bool:
    """An error's body: a list of errors, of URLs for 300, or nothing where the edge or HEAD sends none."""
    if answer.status_code < 400 or answer.request.method == "HEAD":
        return True
    if answer.status_code in (414, 431):
        return not answer.content
    errors = answer.json()
    return isinstance(errors, list) and all({"message", "errorCode"} <= set(error) for error in errors) and bool(errors)


def send(caller: Caller, method: str, path: str, **more: Any) -> requests.Response:
    """As it is written: the path is not tidied up on its way."""
    request = requests.Request(method, caller.url, **more)
    prepared = caller.http.prepare_request(request)
    query = urlsplit(prepared.url or "").query
    prepared.url = caller.url + path + (f"?{query}" if query else "")
    return caller.http.send(prepared, timeout=5)


@TRIES
@given(st.sampled_from(METHODS), paths, queries, headers, values)
def test_any_request_is_answered_or_refused_as_salesforce_would(
    robust: Caller, method: str, path: str, query: dict[str, str], more: dict[str, str], body: Any
) -> None:
    answer = send(robust, method, path, params=query, headers=more, data=json.dumps(body))

    assert answer.status_code < 500, answer.text
    assert is_of_salesforce(answer), answer.text


COMPOSITES = ["composite", "composite/batch", "composite/graph", "composite/sobjects", "composite/tree/Contact"]
rows = st.fixed_dictionaries(
    {"attributes": st.fixed_dictionaries({"type": st.sampled_from(["Contact", "Account", "Task", "x", ""])}) | scalars},
    optional=dict.fromkeys(("Id", "id", "LastName", "Name", "Email", "AccountId", "WhoId", "Account"), values),
)
parts = st.fixed_dictionaries(
    {},
    optional={
        "method": st.sampled_from(METHODS) | scalars,
        "url": st.builds("{}{}".format, st.sampled_from([*PLACES, "v62.0/", ""]), served() | words) | scalars,
        "referenceId": texts | scalars,
        "body": rows | values,
        "richInput": rows | values,
        "httpHeaders": values,
    },
)


@TRIES
@given(
    st.sampled_from(COMPOSITES),
    st.sampled_from(["POST", "PATCH"]),
    st.lists(rows | values, max_size=4),
    st.lists(parts | values, max_size=4),
    values,
)
def test_nearly_right_composites_are_answered_or_refused(
    robust: Caller, resource: str, method: str, some: list[Any], several: list[Any], odd: Any
) -> None:
    graphs = [{"graphId": odd, "compositeRequest": several}]
    body = {"records": some, "compositeRequest": several, "batchRequests": several, "graphs": graphs, "allOrNone": odd}

    answer = send(robust, method, f"/services/data/v62.0/{resource}", data=json.dumps(body))

    assert answer.status_code < 500, answer.text


@pytest.fixture
def robust(admin: Caller) -> Caller:
    return admin


BODIES = {
    "empty": b"",
    "not JSON": b"{nope",
    "not UTF-8": b'{"LastName": "\xff\xfe"}',
    "half a surrogate": b'{"LastName": "\\ud800"}',
    "NUL": b'{"LastName": "a\\u0000b"}',
    "a list": b"[]",
    "a number": b"5",
    "null": b"null",
    "deep": b"[" * 100_000 + b"]" * 100_000,
    "deep objects": b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
    "a huge number": b'{"NumberOfEmployees": ' + b"9" * 5_000 + b"}",
    "a huge fraction": b'{"AnnualRevenue": 1e999}',
    "twice the same": b'{"LastName": "a", "LastName": "b"}',
    "a long name": b'{"' + b"x" * 100_000 + b'": 1}',
}


@pytest.mark.parametrize("name", BODIES)
@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", "sobjects/Account"), ("PATCH", "composite/sobjects"), ("POST", "composite"), ("POST", "composite/batch")],
)
def test_odd_bodies_are_refused(admin: Caller, name: str, method: str, path: str) -> None:
    answer = send(admin, method, f"/services/data/v62.0/{path}", data=BODIES[name])

    assert answer.status_code < 500, answer.text
    assert is_of_salesforce(answer)


@pytest.mark.parametrize(
    ("packed", "status"),
    [
        (b"not gzip at all", 400),
        (gzip.compress(b'{"LastName": "Cut"}', mtime=0)[:-9], 400),
        (gzip.compress(b" " * (50 * 2**20 + 1), mtime=0), 413),
        (gzip.compress(b'{"LastName": "Whole"}', mtime=0), 201),
    ],
)
def test_gzip_is_unpacked_or_refused(admin: Caller, packed: bytes, status: int) -> None:
    answer = send(
        admin, "POST", "/services/data/v62.0/sobjects/Contact", data=packed, headers={"Content-Encoding": "gzip"}
    )

    assert answer.status_code == status, answer.text
    assert is_of_salesforce(answer)


def test_a_body_in_chunks_is_read_whole(admin: Caller) -> None:
    pieces = (piece for piece in (b'{"Last', b'Name": "', b'Chunks"}'))

    answer = admin.http.post(f"{admin.url}/services/data/v62.0/sobjects/Contact", data=pieces, timeout=5)

    assert answer.status_code == 201


def raw(caller: Caller, content: bytes) -> bytes:
    """What comes back on a plain socket until the org closes it or has answered."""
    place = urlsplit(caller.url)
    with socket.create_connection((place.hostname, place.port), timeout=10) as connection:
        connection.sendall(content)
        connection.shutdown(socket.SHUT_WR)
        return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.mark.parametrize(
    "content",
    [
        b"\x00\x01\x02\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"GET http://elsewhere.example/services/data/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /services/data/%zz/%%% HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET /services/data/\xff\xfe HTTP/1.1\r\nHost: \xff\r\n\r\n",
        b"GET /services/data/v62.0/limits HTTP/1.1\r\nAuthorization: Bearer \xff\xff\r\n\r\n",
        b"POST /services/oauth2/token HTTP/1.1\r\nContent-Length: 5\r\n\r\n\xff\xff\xff\xff\xff",
        b"POST /services/data/v62.0/composite HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"POST /services/data/v62.0/composite HTTP/1.1\r\nContent-Length: 100\r\n\r\n{}",
        b"GET / HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: x\r\n\r\n",
    ],
)
def test_broken_http_breaks_nobody_else(admin: Caller, content: bytes) -> None:
    answer = raw(admin, content)

    assert not answer.startswith(b"HTTP/1.1 5"), answer
    assert admin.ask("GET", "limits").status_code == 200


oauth = st.dictionaries(st.sampled_from(OAUTH), st.sampled_from(OAUTH_VALUES) | texts, max_size=4)


@TRIES
@given(
    st.sampled_from(["GET", "POST", "PUT", "DELETE"]),
    st.sampled_from(["token", "revoke", "introspect", "userinfo", "authorize", "nothing", "token/x"]),
    oauth,
    oauth,
    st.sampled_from(["Basic !", "Basic eA==", "Bearer", "Bearer x", "Negotiate", "Basic /w=="]),
)
def test_sign_in_answers_whatever_it_is_asked(
    robust: Caller, method: str, name: str, query: Json, form: Json, header: str
) -> None:
    url = f"{robust.url}/services/oauth2/{name}"
    given = {"Authorization": header}

    answer = requests.request(method, url, params=query, data=form, headers=given, timeout=5, allow_redirects=False)

    assert answer.status_code < 500, answer.text


@TRIES
@given(
    st.sampled_from(["", *PAGES]),
    st.sampled_from(["GET", "POST", "PUT"]),
    queries,
    values,
)
def test_pages_and_controls_answer_whatever_they_are_asked(
    robust: Caller, path: str, method: str, query: Json, body: Any
) -> None:
    answer = requests.request(
        method, f"{robust.url}/{path}", params=query, data=json.dumps(body), timeout=5, allow_redirects=False
    )

    assert answer.status_code < 500, answer.text
