"""Each e-mail is one activity, whatever servers, workers and colleagues do."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from activities import services
from activities.mail import imap, reading
from activities.models import Activity, Mailbox, MailFolder
from contacts.models import Contact
from tests.activities.mail.letters import letter
from tests.activities.mail.reading import read, subjects
from tests.activities.mail.servers import Dovecot, ImapBox
from tests.activities.sequencing import Killed, dies
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


def test_a_new_generation_of_uids_doubles_nothing(kims: Mailbox, box: ImapBox, ann: Contact) -> None:
    box.put(letter(id="1@x", subject="First"), letter(id="2@x", subject="Second"))
    read(kims)
    before = MailFolder.objects.get(role="inbox").uid_validity
    box.begin_anew()
    box.put(letter(id="3@x", subject="Third"))

    read(kims)

    assert subjects() == ["First", "Second", "Third"]
    assert MailFolder.objects.get(role="inbox").uid_validity != before


@pytest.mark.parametrize("is_one_of_many", [False, True])
def test_what_somebody_deleted_here_does_not_come_back_from_another_mailbox(
    kims: Mailbox, box: ImapBox, ann: Contact, is_one_of_many: bool
) -> None:
    box.put(letter(id="1@x", subject="Deleted"), letter(id="2@x", subject="Kept"))
    read(kims)
    gone = Activity.objects.get(subject="Deleted").pk
    services.delete_activities([gone]) if is_one_of_many else services.delete_activity(gone)
    box.begin_anew()

    read(kims)

    assert subjects() == ["Kept"]


def test_two_mailboxes_with_the_same_email_make_one_activity(
    kims: Mailbox, box: ImapBox, ann: Contact, connected: Callable[..., Mailbox], dovecot: Dovecot
) -> None:
    maxs = connected(UserFactory(email="max@tandem-team.example"))
    same = letter(to="kim@tandem-team.example, max@tandem-team.example", headers={"Message-ID": None})
    box.put(same)
    ImapBox(dovecot, maxs.imap_login).put(same)

    read(kims)
    read(maxs)

    people = Activity.objects.get().participants.filter(role="to")
    assert {person.user_id for person in people} == {kims.user_id, maxs.user_id}


@pytest.mark.parametrize(
    ("to", "headers"),
    [
        ("ann@acme.example, kim@tandem-team.example", {}),
        ("team@lists.example, ann@acme.example", {"List-Id": "<team.lists.example>", "Precedence": "list"}),
    ],
    ids=["to oneself as well", "by a mailing list"],
)
def test_what_one_sent_and_gets_back_is_one_outgoing_email(
    kims: Mailbox, box: ImapBox, ann: Contact, to: str, headers: dict[str, str]
) -> None:
    sent = {"from_": "Kim <kim@tandem-team.example>", "to": to, "id": "1@tandem-team.example"}
    box.put(letter(**sent), folder="Sent")
    box.put(letter(**sent, headers=headers))

    read(kims)
    box.put(letter(**sent, headers=headers))
    read(kims)

    assert (Activity.objects.get().direction, Activity.objects.get().contact) == ("out", ann)


@pytest.mark.parametrize("place", ["heads", "body"])
def test_a_worker_that_dies_while_the_server_is_asked_loses_and_doubles_nothing(
    kims: Mailbox, box: ImapBox, ann: Contact, monkeypatch: Any, place: str
) -> None:
    box.put(*(letter(id=f"{number}@x", subject=f"No {number}") for number in range(5)))
    monkeypatch.setattr(reading, "PAGE", 2)
    asks, count = getattr(imap.Session, place), iter(range(10))
    monkeypatch.setattr(
        imap.Session, place, lambda self, uids: dies() if next(count) == 1 and uids else asks(self, uids)
    )
    with pytest.raises(Killed):
        read(kims)
    assert Activity.objects.count() <= 2
    assert not Mailbox.objects.due().exists(), "the dead worker's lease holds on"
    Mailbox.objects.update(claimed_until=timezone.now())

    read(kims)

    assert subjects() == [f"No {number}" for number in range(5)]


def test_a_worker_whose_lease_was_taken_writes_nothing(
    kims: Mailbox, box: ImapBox, ann: Contact, monkeypatch: Any
) -> None:
    box.put(letter())
    asks = imap.Session.heads

    def paused(self: imap.Session, uids: list[int]) -> list[imap.Head]:
        Mailbox.objects.update(state=Mailbox.State.PAUSED)
        return asks(self, uids)

    monkeypatch.setattr(imap.Session, "heads", paused)

    read(kims)

    assert not Activity.objects.exists()
    assert kims.claim_token is None, "resumed, it is read at once"


def test_a_page_that_takes_too_long_is_left_in_its_middle_and_gone_on_with(
    kims: Mailbox, box: ImapBox, ann: Contact
) -> None:
    box.put(*(letter(id=f"{number}@x", subject=f"No {number}") for number in range(3)))
    Mailbox.objects.update(due_at=timezone.now())
    MailFolder.objects.create(mailbox=kims, role="inbox", name="INBOX")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reading, "monotonic", iter([0.0, 0.0, 99.0]).__next__)
        assert reading.read(kims.pk), "more is left"
    assert subjects() == ["No 0"]

    read(kims)

    assert subjects() == ["No 0", "No 1", "No 2"]
