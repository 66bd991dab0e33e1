"""Settings > My mailbox: connecting a mailbox and what its owner does with it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from activities import tasks
from activities.models import Activity, Mailbox, MailFolder
from tests.activities.mail.letters import letter
from tests.activities.mail.servers import PASSWORD, Dovecot, ImapBox, Sink
from tests.factories import ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db
PAGE = "mail:mailbox"


@pytest.fixture
def kims_client(kim: User, client: Client) -> Client:
    client.force_login(kim)
    return client


@pytest.fixture
def data(dovecot: Dovecot, sink: Sink, settings: Any) -> dict[str, Any]:
    settings.MAIL_PRIVATE_HOSTS = True
    imap = {"imap_host": "127.0.0.1", "imap_port": dovecot.port, "imap_security": "none", "imap_login": ""}
    smtp = {"smtp_host": "127.0.0.1", "smtp_port": sink.port, "smtp_security": "none", "smtp_login": ""}
    return {"address": "Kim@team.example", "name": "Kim", "password": PASSWORD, "days": 30, **imap, **smtp}


def test_a_mailbox_is_tried_connected_and_read(
    kims_client: Client, kim: User, data: dict[str, Any], dovecot: Dovecot, monkeypatch: Any,
    django_capture_on_commit_callbacks: Any,
) -> None:  # fmt: skip
    ContactFactory(email="ann@acme.example")
    ImapBox(dovecot, "kim@team.example").put(letter())
    monkeypatch.setattr("activities.mail.waking.wake_mailbox", tasks.read_mailbox)

    with django_capture_on_commit_callbacks(execute=True):
        answer = kims_client.post(reverse("mail:connect"), data)

    assert answer.status_code == 302
    mailbox = Mailbox.objects.get(user=kim)
    assert (mailbox.address, mailbox.imap_login, mailbox.password) == ("kim@team.example", "kim@team.example", PASSWORD)
    assert Activity.objects.get().owner == kim
    page = kims_client.get(reverse(PAGE)).content.decode()
    assert "Works" in page
    assert PASSWORD not in page


@pytest.mark.parametrize(
    ("wrong", "field", "said"),
    [
        ({"password": "wrong"}, "password", "refused the user name or the password"),
        ({"imap_port": 1}, "imap_host", "does not answer at this port"),
        ({"smtp_port": 1}, "smtp_host", "does not answer at this port"),
        ({"imap_security": "tls"}, "imap_host", "speaks no TLS at this port"),
        ({"password": ""}, "password", "Type the password"),
        ({"imap_port": 70_000}, "imap_port", "from 1 to 65535"),
        ({"address": "nonsense"}, "address", "valid email address"),
    ],
)
def test_what_is_wrong_stands_beside_its_field_and_nothing_is_kept(
    kims_client: Client, data: dict[str, Any], wrong: dict[str, Any], field: str, said: str
) -> None:
    answer = kims_client.post(reverse("mail:connect"), data | wrong)

    assert answer.status_code == 422
    assert said in str(answer.context["form"].errors[field])
    assert not Mailbox.objects.exists()


def test_private_servers_and_open_connections_are_not_offered(
    kims_client: Client, data: dict[str, Any], settings: Any
) -> None:
    settings.MAIL_PRIVATE_HOSTS = False

    answer = kims_client.post(reverse("mail:connect"), data | {"imap_security": "tls", "smtp_security": "tls"})

    assert "private network" in str(answer.context["form"].errors["imap_host"])
    assert "imap_security" in kims_client.post(reverse("mail:connect"), data).context["form"].errors


def test_a_mailbox_has_one_owner(kims_client: Client, data: dict[str, Any], connected: Callable[..., Mailbox]) -> None:
    connected(UserFactory(), address="kim@team.example")

    answer = kims_client.post(reverse("mail:connect"), data)

    assert "connected by somebody else" in answer.content.decode()


def test_changing_keeps_the_password_and_the_place_unless_it_is_another_account(
    kims_client: Client, data: dict[str, Any], kims: Mailbox
) -> None:
    MailFolder.objects.create(mailbox=kims, role="inbox", name="INBOX", last_uid=7)
    same = data | {"imap_login": kims.imap_login, "password": "", "name": "K."}

    kims_client.post(reverse("mail:connect"), same)

    kims.refresh_from_db()
    assert (kims.name, kims.password, kims.folders.get().last_uid) == ("K.", PASSWORD, 7)

    kims_client.post(reverse("mail:connect"), same | {"imap_login": "other"})

    assert not kims.folders.exists()


def test_pausing_going_on_and_disconnecting(kims_client: Client, kims: Mailbox, kim: User) -> None:
    kims_client.post(reverse("mail:pause"))
    kims.refresh_from_db()
    assert kims.state == Mailbox.State.PAUSED

    kims_client.post(reverse("mail:read"))
    kims.refresh_from_db()
    assert kims.state == Mailbox.State.WORKS

    kims_client.post(reverse("mail:disconnect"))
    kims_client.post(reverse("mail:disconnect"))
    assert not Mailbox.objects.exists()


def test_known_providers_fill_in_their_servers(kims_client: Client) -> None:
    page = kims_client.get(reverse("mail:servers"), {"by": "address", "address": "kim@gmail.com"}).content.decode()
    assert "imap.gmail.com" in page
    assert "app password" in page

    page = kims_client.get(reverse("mail:servers"), {"by": "address", "address": "kim@acme.example"}).content.decode()
    assert 'value="imap.acme.example"' in page


def test_admins_see_whose_mailboxes_work_and_members_do_not(kims_client: Client, kims: Mailbox, admin: User) -> None:
    Mailbox.objects.update(state="attention", problem="It refused the password.")
    assert kims_client.get(reverse("mail:team")).status_code == 403
    kims_client.force_login(admin)

    page = kims_client.get(reverse("mail:team")).content.decode()

    assert "kim@tandem-team.example" in page
    assert "It refused the password." in page
    assert PASSWORD not in page


def test_readers_connect_nothing(client: Client) -> None:
    client.force_login(UserFactory(role=User.Role.READ_ONLY))

    assert client.get(reverse(PAGE)).status_code == 403
    assert client.post(reverse("mail:connect")).status_code == 403


def test_whoever_writes_is_told_from_which_address_it_goes(kims_client: Client, kims: Mailbox) -> None:
    def page() -> str:
        return kims_client.get(reverse("activities:write")).content.decode()

    assert "from your mailbox, kim@tandem-team.example" in page()
    Mailbox.objects.update(state="attention", problem="It refused the password.")
    assert "Your mailbox needs attention" in page()
    Mailbox.objects.all().delete()
    assert "Connect your mailbox" in page()
