"""How the heads of answers are spelt."""

import socket
from urllib.parse import urlsplit

from tests.localorg.client import Caller


def speak(caller: Caller, *sent: bytes) -> bytes:
    """All that a connection answers to raw bytes, until it is closed."""
    at = urlsplit(caller.url)
    with socket.create_connection((at.hostname, at.port), timeout=30) as wire:
        for each in sent:
            wire.sendall(each)
        heard = b""
        while piece := wire.recv(65536):
            heard += piece
    return heard


def test_names_of_headers_begin_with_capitals_as_a_real_org_writes_them(admin: Caller) -> None:
    answer = admin.ask("GET", "limits")
    created = admin.ask("POST", "sobjects/Account", {"Name": "Acme"})

    assert {"Content-Type", "Content-Length", "Date", "Sforce-Limit-Info"} <= set(answer.raw.headers)
    assert "Location" in set(created.raw.headers)


def test_pages_and_files_are_spelt_the_same_way(admin: Caller) -> None:
    assert "Content-Type" in set(admin.http.get(f"{admin.url}/", timeout=30).raw.headers)
    assert "Content-Type" in set(admin.http.get(f"{admin.url}/services/oauth2/userinfo", timeout=30).raw.headers)


def test_requests_that_follow_at_once_are_answered_in_their_order(admin: Caller) -> None:
    first = b"GET /services/data/ HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /services/data/v99.0/ HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

    heard = speak(admin, first + last)

    assert heard.index(b"HTTP/1.1 200 OK") < heard.index(b"HTTP/1.1 4")
    assert heard.count(b"\r\nContent-Type: application/json") == 2
    assert b"\r\ncontent-" not in heard


def test_who_asks_first_is_told_to_go_on(admin: Caller) -> None:
    head = (
        b"POST /services/data/v62.0/sobjects/Account HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
        b"Authorization: Bearer %b\r\nContent-Type: application/json\r\nContent-Length: 15\r\nConnection: close\r\n\r\n"
    )

    heard = speak(admin, head % admin.token.encode(), b'{"Name":"Acme"}')

    assert heard.startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 201 Created\r\n")
    assert b"\r\nLocation: /services/data/" in heard


def test_bodies_that_look_like_heads_are_left_alone(admin: Caller) -> None:
    text = "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n"
    record_id = admin.create("Account", Name="Acme", Description=text + "x")

    assert admin.get("Account", record_id)["Description"] == text + "x"
