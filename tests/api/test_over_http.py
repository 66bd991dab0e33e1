"""The REST API as a script of somebody else's meets it: over a socket, with a token from the command line."""

from collections.abc import Callable, Iterator
from io import StringIO
from typing import Any

import pytest
import requests
from django.core.management import call_command

from integrations import api as sync_api
from integrations.models import Connection
from tests.conftest import pull_all, push_all
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db(transaction=True)

Script = Callable[..., Any]


@pytest.fixture
def script(live_server: Any, admin: User) -> Iterator[Script]:
    out = StringIO()
    call_command("api_token", admin.email, stdout=out)

    def ask(method: str, path: str, status: int = 200, **body: Any) -> Any:
        answer = http.request(method, f"{live_server.url}/api/v1/{path}", json=body or None, timeout=30)
        assert answer.status_code == status, answer.text
        return answer.json()

    with requests.Session() as http:
        http.headers["Authorization"] = f"Token {out.getvalue().strip()}"
        yield ask


def test_the_round_trip_over_two_sockets(
    synced: Connection, org: Org, script: Script, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sync_api.PushView, "sleeper", staticmethod(lambda seconds: push_all()))

    made = script("POST", "contacts/", 201, first_name="Sue", last_name="Socket", email="sue@socket.example")
    pushed = script("POST", f"contacts/{made['id']}/push/", 202)
    assert pushed["sync"]["state"] == "synced"
    assert org.get("Contact", pushed["crm_id"])["LastName"] == "Socket"

    org.update("Contact", pushed["crm_id"], LastName="Plug")
    pull_all()
    assert script("GET", f"contacts/{made['id']}/")["last_name"] == "Plug"

    script("PATCH", f"contacts/{made['id']}/", first_name="Susan")
    push_all()
    remote = org.get("Contact", pushed["crm_id"])
    assert (remote["FirstName"], remote["LastName"]) == ("Susan", "Plug")


def test_the_pages_of_a_list_are_followed_to_the_end(synced: Connection, script: Script) -> None:
    met, path = [], "contacts/?limit=7&synced=true"
    while path:
        page = script("GET", path)
        met += [row["crm_id"] for row in page["results"]]
        path = page["next"].split("/api/v1/")[1] if page["next"] else ""

    assert len(met) == len(set(met)) > 20
    assert all(len(crm_id) == 18 for crm_id in met)


def test_a_body_of_the_wrong_kind_leaves_nothing(script: Script) -> None:
    assert script("POST", "contacts/", 400, first_name="Nameless")["errors"].keys() == {"last_name"}
    assert script("GET", "contacts/")["results"] == []
