"""People are made of strangers in e-mails and meetings only where that is wanted, for what is pushed."""

from typing import Any

import pytest

from activities.mail import strangers
from activities.models import Activity, Mailbox
from contacts.models import Contact
from integrations.models import ActivitySettings, Connection, ExclusionRule
from tests.activities.mail.letters import letter
from tests.activities.mail.reading import read, subjects
from tests.activities.mail.servers import ImapBox
from tests.factories import AccountFactory
from users.models import User

pytestmark = pytest.mark.django_db


def test_people_are_made_of_strangers_only_where_that_is_wanted(
    kims: Mailbox, box: ImapBox, kim: User, monkeypatch: Any
) -> None:
    acme = AccountFactory(website="https://acme.example")
    box.put(letter(to="kim@tandem-team.example, Bo Doe <bo@acme.example>"))
    monkeypatch.setattr(strangers, "_askers", [lambda kind: lambda occasion: kind == "email"])

    read(kims)

    ann = Contact.objects.get(email="ann@acme.example")
    assert (ann.first_name, ann.last_name, ann.origin, ann.owner, ann.account) == ("Ann", "Roe", "email", kim, acme)
    assert Activity.objects.get().contact == ann
    assert set(Contact.objects.values_list("email", flat=True)) == {"ann@acme.example", "bo@acme.example"}


def test_people_are_made_of_strangers_only_for_what_is_pushed(
    kims: Mailbox, box: ImapBox, connection: Connection
) -> None:
    """Not of whoever writes to us, where only what we send is pushed."""
    settings = {"push_unknown_people": True, "push_emails_sent_elsewhere": True}
    ActivitySettings.objects.update_or_create(connection=connection, defaults=settings)
    ExclusionRule.objects.create(connection=connection, name="Secret", to_keywords=["secret"])
    box.put(letter(id="1@x", from_="junk@casino.example", subject="You won"))
    box.put(
        letter(id="2@x", from_="kim@tandem-team.example", to="Bo <bo@acme.example>"),
        letter(id="3@x", from_="kim@tandem-team.example", to="cy@acme.example", subject="Top secret"),
        folder="Sent",
    )

    read(kims)

    assert list(Contact.objects.filter(origin="email").values_list("email", flat=True)) == ["bo@acme.example"]
    assert subjects() == ["Hello"]


@pytest.mark.parametrize(("is_on", "is_made"), [((), False), (("push_meetings",), True)])
def test_meetings_make_people_only_where_they_are_pushed(
    connection: Connection, is_on: tuple[str, ...], is_made: bool
) -> None:
    settings = {"push_all_calendar_events": True} | dict.fromkeys(is_on, True)
    ActivitySettings.objects.update_or_create(connection=connection, defaults=settings)

    assert strangers.judge_of("meeting")(strangers.Occasion()) == is_made
    assert not strangers.judge_of("email")(strangers.Occasion())
