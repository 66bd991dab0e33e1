"""What people are told of: once a cause, where they can do something about it, and by e-mail when they want."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from integrations import notices, tasks
from integrations.models import (
    Connection,
    Credential,
    ErrorEntry,
    HeldDeletions,
    Notice,
    NoticeChoice,
    NoticeCopy,
)
from integrations.notices import FLOOD, LEASE, PILE, QUIET
from tests.factories import AdminFactory, UserFactory
from tests.integrations.test_inbox import many_entries
from users.models import User

pytestmark = pytest.mark.django_db
NOON, NIGHT = datetime(2026, 5, 4, 12, tzinfo=UTC), datetime(2026, 5, 4, 3, tzinfo=UTC)


@pytest.fixture(autouse=True)
def empty_box(connection: Connection) -> None:
    mail.outbox.clear()


def pile(connection: Connection, count: int = PILE) -> None:
    many_entries(connection, count, code="STRING_TOO_LONG")


def addressees() -> list[str]:
    return sorted(message.to[0] for message in mail.outbox)


def titles() -> set[str]:
    return set(Notice.objects.open().values_list("title", flat=True))


class TestCauses:
    def test_a_broken_login_concerns_its_user_and_the_admins(self, connection: Connection, admin: User) -> None:
        member, _ = UserFactory(), UserFactory()
        Credential.objects.create(
            connection=connection,
            user=member,
            name="Kim",
            remote_user_id="005000000000099AAA",
            broken_reason="Revoked.",
        )

        tasks.tell_people()

        assert titles() == {"The Salesforce login of Kim must be connected again"}
        assert addressees() == sorted([admin.email, member.email])

    def test_errors_that_pile_up_are_one_notice_with_a_count(self, connection: Connection, admin: User) -> None:
        pile(connection, PILE - 1)
        notices.look(connection)
        assert not titles()

        ErrorEntry.objects.all().delete()
        pile(connection, PILE + 5)
        tasks.tell_people()
        pile_again = ErrorEntry.objects.order_by("-pk")[:3].values_list("pk", flat=True)
        ErrorEntry.objects.filter(pk__in=list(pile_again)).update(closed_at=timezone.now())
        tasks.tell_people()

        assert titles() == {"Contacts are refused: A text is too long"}
        assert Notice.objects.open().get().count == PILE + 2
        (message,) = mail.outbox
        assert message.subject == f"Salesforce: Contacts are refused: A text is too long ({PILE + 5})"
        assert "errors/?object=Contact&code=STRING_TOO_LONG" in message.body

    def test_calls_that_run_short_are_told(self, connection: Connection, admin: User) -> None:
        Connection.objects.update(api_used=99, api_limit=100, api_read_at=timezone.now())
        connection.refresh_from_db()

        notices.look(connection)

        notice = Notice.objects.get(kind=Notice.Kind.API)
        assert "99 of its 100 API calls" in notice.text
        assert "background pushes" in notice.text

    def test_held_deletions_are_told(self, connection: Connection, admin: User) -> None:
        HeldDeletions.objects.create(connection=connection, remote_object="Lead", side="here", count=500, linked=900)

        notices.look(connection)

        assert Notice.objects.get(kind=Notice.Kind.BRAKE).count == 500

    def test_what_is_over_goes_by_itself(self, connection: Connection, admin: User) -> None:
        pile(connection)
        notices.look(connection)
        ErrorEntry.objects.update(closed_at=timezone.now())
        notices.look(connection)

        assert not titles()
        assert not NoticeCopy.objects.unseen_by(admin.pk).exists()

    def test_what_comes_back_soon_is_not_told_twice_and_later_is(self, connection: Connection, admin: User) -> None:
        def comes_and_goes() -> None:
            pile(connection)
            tasks.tell_people()
            ErrorEntry.objects.all().delete()
            tasks.tell_people()

        comes_and_goes()
        comes_and_goes()
        assert len(mail.outbox) == 1
        Notice.objects.update(closed_at=timezone.now() - QUIET - timedelta(minutes=1))
        comes_and_goes()
        assert len(mail.outbox) == 2

    def test_who_is_no_admin_any_more_is_told_no_more(self, connection: Connection, admin: User) -> None:
        other = AdminFactory()
        pile(connection)
        notices.look(connection)
        User.objects.filter(pk=other.pk).update(role=User.Role.MEMBER)
        notices.look(connection)

        assert list(NoticeCopy.objects.values_list("user", flat=True)) == [admin.pk]

    def test_nothing_is_told_of_an_org_that_is_not_connected(self, connection: Connection, admin: User) -> None:
        pile(connection)
        notices.look(connection)
        Connection.objects.update(disconnected_at=timezone.now())
        tasks.tick()

        assert not titles()

    def test_a_code_from_there_breaks_no_subject(self, connection: Connection, admin: User) -> None:
        Credential.objects.update(name="Kim\nBcc: all@example.com", broken_reason="Revoked.")

        tasks.tell_people()

        assert "\n" not in mail.outbox[0].subject


class TestMails:
    def test_the_minute_calls_for_a_worker_only_when_something_is_due(
        self, connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        asked: list[str] = []
        monkeypatch.setattr(tasks, "async_task", lambda name, *_, **__: asked.append(name))
        tasks.tick()
        pile(connection)
        tasks.tick()
        tasks.tell_people()
        tasks.tick()

        assert asked == ["integrations.tasks.tell_people"]

    def test_what_another_worker_is_sending_is_left_to_it(self, connection: Connection, admin: User) -> None:
        pile(connection)
        notices.look(connection)
        NoticeCopy.objects.update(claimed_at=timezone.now())

        assert notices.send() == 0

    def test_what_a_killed_worker_had_claimed_goes_later(self, connection: Connection, admin: User) -> None:
        pile(connection)
        notices.look(connection)
        NoticeCopy.objects.update(claimed_at=timezone.now() - LEASE - timedelta(seconds=1))

        assert (notices.send(), notices.send()) == (1, 0)
        assert mail.outbox[0].extra_headers["Message-ID"].startswith("<notice-")

    def test_two_that_saw_the_same_send_one(self, connection: Connection, admin: User) -> None:
        pile(connection)
        notices.look(connection)
        copies = list(NoticeCopy.objects.all())

        assert notices._claim(copies, timezone.now())
        assert not notices._claim(copies, timezone.now())

    def test_a_mail_that_does_not_go_is_tried_again(
        self, connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        pile(connection)
        notices.look(connection)

        def fails(*args: Any, **kwargs: Any) -> None:
            raise ConnectionRefusedError

        with monkeypatch.context() as patch:
            patch.setattr("django.core.mail.EmailMessage.send", fails)
            assert notices.send() == 0
        NoticeCopy.objects.update(claimed_at=timezone.now() - LEASE - timedelta(seconds=1))

        assert notices.send() == 1

    def test_who_wants_none_gets_none_and_sees_it_in_the_app(self, connection: Connection, admin: User) -> None:
        NoticeChoice.objects.create(user=admin, mail=NoticeChoice.Mail.NEVER)
        pile(connection)

        tasks.tell_people()

        assert not mail.outbox
        assert NoticeCopy.objects.unseen_by(admin.pk).count() == 1

    @pytest.mark.parametrize(("causes", "mails"), [(FLOOD, FLOOD), (FLOOD + 1, 1)])
    def test_a_flood_of_causes_is_one_mail(self, connection: Connection, admin: User, causes: int, mails: int) -> None:
        for number in range(causes):
            many_entries(connection, PILE, code=f"REASON_{number}", record_kind=f"kind{number}")

        tasks.tell_people()

        assert len(mail.outbox) == mails
        told = "".join(message.body for message in mail.outbox)
        assert all(f"REASON_{number}" in told for number in range(causes))

    def test_a_daily_mail_tells_all_of_it_once_in_the_morning(
        self, connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        NoticeChoice.objects.create(user=admin, mail=NoticeChoice.Mail.DAILY)
        pile(connection)
        HeldDeletions.objects.create(connection=connection, remote_object="Lead", side="here", count=500, linked=900)
        notices.look(connection)

        monkeypatch.setattr(timezone, "now", lambda: NIGHT)
        assert notices.send() == 0
        monkeypatch.setattr(timezone, "now", lambda: NOON)
        assert notices.send() == 1
        many_entries(connection, PILE, remote_object="Lead", record_kind="account", code="STRING_TOO_LONG")
        notices.look(connection)
        assert notices.send() == 0  # one a day
        monkeypatch.setattr(timezone, "now", lambda: NOON + timedelta(days=1))
        assert notices.send() == 1

        assert mail.outbox[0].subject == "Salesforce: 2 things need you"

    def test_morning_is_where_the_reader_lives(
        self, connection: Connection, admin: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        User.objects.filter(pk=admin.pk).update(time_zone="Pacific/Auckland")
        NoticeChoice.objects.create(user=admin, mail=NoticeChoice.Mail.DAILY)
        pile(connection)
        notices.look(connection)

        monkeypatch.setattr(timezone, "now", lambda: NIGHT)

        assert notices.send() == 1


class TestPages:
    @pytest.fixture
    def admin_client(self, admin: User, client: Client) -> Client:
        client.force_login(admin)
        return client

    def test_the_bell_counts_and_the_page_tells(
        self, admin_client: Client, admin: User, connection: Connection
    ) -> None:
        pile(connection)
        notices.look(connection)

        home = admin_client.get("/").content.decode()
        page = admin_client.get(reverse("integrations:notices")).content.decode()
        admin_client.post(reverse("integrations:notices_seen"), {"copy": NoticeCopy.objects.get().pk})

        after = admin_client.get(reverse("integrations:notices")).content.decode()
        assert 'aria-label="Notices: 1 new"' in home
        assert 'aria-label="Notices"' in after
        assert "Contacts are refused: A text is too long" in after  # what lasts stays in sight
        assert "Contacts are refused: A text is too long" in page
        assert not NoticeCopy.objects.unseen_by(admin.pk).exists()

    def test_nobody_sees_or_settles_the_notices_of_others(self, client: Client, connection: Connection) -> None:
        pile(connection)
        notices.look(connection)
        member = UserFactory()
        client.force_login(member)

        page = client.get(reverse("integrations:notices")).content.decode()
        client.post(reverse("integrations:notices_seen"), {"copy": NoticeCopy.objects.get().pk})

        assert "Nothing needs you" in page
        assert NoticeCopy.objects.get().seen_at is None

    def test_everybody_chooses_for_themselves(self, client: Client, connection: Connection) -> None:
        member = UserFactory()
        client.force_login(member)
        assert "Notices about Salesforce" in client.get(reverse("users:you")).content.decode()

        for choice in ("daily", "never", "sometimes", ""):
            client.post(reverse("integrations:notice_choice"), {"mail": choice})

        assert NoticeChoice.objects.get().mail == "never"
        assert NoticeChoice.objects.get().user == member
