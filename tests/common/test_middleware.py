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

    data = {"body": "Hello", "people": f"contact-{contact.pk}"}
    response = client.post(f"/activities/of/contact/{contact.pk}/add/note/", data, headers=HTMX)

    events = json.loads(response["HX-Trigger"])
    assert events["toasts"] == {"toasts": [{"text": "Note added.", "level": "success"}]}
    assert "record-saved" in events


def test_a_page_and_its_fragment_are_cached_apart(client: Client) -> None:
    client.force_login(UserFactory())

    response = client.get("/contacts/")

    assert "HX-Request" in response["Vary"]


def test_nothing_that_is_answered_is_stored_by_browsers_or_shown_in_pages_of_others(client: Client) -> None:
    client.force_login(UserFactory())

    for path in ("/contacts/", "/api/v1/contacts/", "/healthz", "/nowhere/"):
        answer = client.get(path)
        assert "no-store" in answer["Cache-Control"], path
        assert answer["Cross-Origin-Resource-Policy"] == "same-origin", path
        assert "camera=()" in answer["Permissions-Policy"], path


def test_djangos_admin_is_entered_by_the_sign_in_that_counts_failures(client: Client) -> None:
    UserFactory(email="alex@example.com", password="correct-horse", role="admin")

    asked = client.get("/admin/login/?next=/admin/")
    client.post("/admin/login/", {"username": "alex@example.com", "password": "correct-horse"})

    assert asked["Location"] == "/auth/login/?next=%2Fadmin%2F"
    assert "_auth_user_id" not in client.session
