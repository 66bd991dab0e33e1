import json

import pytest
from django.test import Client

from tests.factories import ContactFactory, UserFactory

pytestmark = pytest.mark.django_db

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://testserver/contacts/?q=ann"}


def test_a_signed_out_fragment_sends_the_whole_page_to_sign_in_and_back(client: Client) -> None:
    response = client.get("/contacts/?q=anna", headers=HTMX)

    assert response.status_code == 200
    assert response["HX-Redirect"] == "/auth/login/?next=%2Fcontacts%2F%3Fq%3Dann"


def test_a_redirect_moves_the_page_not_the_fragment(client: Client) -> None:
    client.force_login(UserFactory())
    contact = ContactFactory()

    response = client.post(f"/contacts/{contact.pk}/delete/", headers=HTMX)

    assert response["HX-Redirect"] == "/contacts/"
    assert b"was deleted" in client.get("/contacts/").content


def test_messages_of_a_fragment_become_toasts(client: Client) -> None:
    client.force_login(UserFactory())
    contact = ContactFactory()

    response = client.post(f"/activities/of/contact/{contact.pk}/add/note/", {"body": "Hello"}, headers=HTMX)

    events = json.loads(response["HX-Trigger"])
    assert events["toasts"] == {"toasts": [{"text": "Note added.", "level": "success"}]}
    assert "record-saved" in events


def test_a_page_and_its_fragment_are_cached_apart(client: Client) -> None:
    client.force_login(UserFactory())

    response = client.get("/contacts/")

    assert "HX-Request" in response["Vary"]
