"""The inbox: each kind of question has its page, an answer settles it, and may count from now on."""

import csv
import io
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account
from common.models import DuplicatePair
from contacts.models import Contact
from integrations import inbox
from integrations.models import (
    Connection,
    ErrorEntry,
    FieldMapping,
    HeldDeletions,
    Outbox,
    RecordLink,
    SkippedRecord,
    SyncEvent,
)
from tests.conftest import pull_all, push_all
from tests.factories import AccountFactory, ContactFactory, UserFactory
from tests.integrations.sync.pushing import last_edit_was
from tests.integrations.test_conflicts import conflict
from tests.integrations.test_error_log import entry_of, text
from tests.pages import CaptureQueries
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db
LISTS = ["errors", "errors_export", "inbox", "conflicts", "matches", "unknown", "held_deletions", "duplicates"]
POSTS = [
    ("errors_always", []),
    ("errors_retry", []),
    ("error_mend", [1]),
    ("error_map", [1]),
    ("error_allowed", [1]),
    ("error_match", [1]),
    ("error_look_up", [1]),
    ("error_save_anyway", [1]),
    ("conflicts_leave", []),
    ("conflict_restore", [1]),
    ("conflict_always", [1]),
    ("link_confirm", [1]),
    ("link_unlink", [1]),
    ("duplicate_dismiss", [1]),
]


def url(name: str, *args: Any) -> str:
    return reverse(f"integrations:{name}", args=args)


def many_entries(connection: Connection, count: int, **values: Any) -> None:
    ErrorEntry.objects.bulk_create(
        ErrorEntry(
            **{
                "connection": connection,
                "record_kind": "contact",
                "record_id": 10_000_000 + number,
                "record_name": f"Number {number}",
                "operation": "create",
                "remote_object": "Contact",
                "code": ["STRING_TOO_LONG", "REQUIRED_FIELD_MISSING", "SOMETHING_NEW"][number % 3],
                "fields": [f"Field{number % 7}"],
                "message": "Refused.",
            }
            | values
        )
        for number in range(count)
    )


class TestAccess:
    @pytest.mark.parametrize("name", LISTS)
    def test_members_see_none_of_it(self, client: Client, name: str) -> None:
        client.force_login(UserFactory())
        assert client.get(url(name)).status_code == 403

    @pytest.mark.parametrize(("name", "args"), POSTS)
    def test_members_do_none_of_it_and_nothing_happens_by_a_link(
        self, client: Client, admin: User, name: str, args: list[int]
    ) -> None:
        client.force_login(UserFactory())
        assert client.post(url(name, *args)).status_code == 403
        client.force_login(admin)
        assert client.get(url(name, *args)).status_code == 405

    @pytest.mark.parametrize("name", LISTS)
    def test_empty_pages_stand(self, admin_client: Client, connection: Connection, name: str) -> None:
        assert admin_client.get(url(name), follow=True).status_code == 200


class TestCauses:
    def test_entries_are_grouped_by_code_object_and_field(self, admin_client: Client, synced: Connection) -> None:
        many_entries(synced, 21)
        entry_of(synced, AccountFactory(), code="SEVERAL_MATCHES")

        found = admin_client.get(url("errors")).context["causes"]

        assert sum(cause.count for cause in found) == 21
        assert {(cause.code, cause.field) for cause in found} >= {("STRING_TOO_LONG", "Field0")}
        assert "A text is too long" in {cause.title for cause in found}

    def test_a_cause_says_when_nothing_was_mended(self, admin_client: Client, synced: Connection) -> None:
        contact = ContactFactory()
        entry_of(synced, contact, last_at=timezone.now())
        (before,) = admin_client.get(url("errors")).context["causes"]
        contact.title = "Mended"
        contact.save(update_fields=["title"])
        (after,) = admin_client.get(url("errors")).context["causes"]

        assert (before.is_hopeless, after.is_hopeless) == (True, False)

    def test_a_field_that_is_mapped_no_more_is_a_fix(self, admin_client: Client, synced: Connection) -> None:
        entry = entry_of(
            synced, ContactFactory(), last_at=timezone.now(), fields=["Title"], details={"local_field": "title"}
        )
        page = url("error", entry.pk)
        assert "it will fail again" in text(admin_client.get(page))

        synced.field_mappings.filter(remote_object="Contact", remote_field="Title").delete()

        assert "it will fail again" not in text(admin_client.get(page))

    def test_one_field_of_a_cause_is_retried(self, admin_client: Client, synced: Connection) -> None:
        long, short = ContactFactory(), ContactFactory()
        Outbox.objects.all().delete()
        entry_of(synced, long, fields=["Title"])
        entry_of(synced, short, fields=["Department"])

        form = {"code": "STRING_TOO_LONG", "object": "Contact", "field": "Title"}
        response = admin_client.post(url("errors_retry"), form, follow=True)

        assert list(Outbox.objects.values_list("record_id", flat=True)) == [long.pk]
        assert "on the way again" in text(response)

    def test_after_a_retry_the_filters_stand_and_the_export_follows_them(
        self, admin_client: Client, synced: Connection
    ) -> None:
        entry = entry_of(synced, ContactFactory(last_name="Ünö"))
        rows = text(admin_client.get(url("errors"), {"q": "Ünö", "object": "Contact"}, headers={"HX-Request": "true"}))
        query = "q=%C3%9Cn%C3%B6&object=Contact"
        assert f'href="{url("errors_export")}?{query.replace("&", "&amp;")}"' in rows

        response = admin_client.post(url("errors_retry"), {"entry": entry.pk, "query": query})

        assert response["Location"] == f"{url('errors')}?{query}"

    def test_a_retry_without_a_fix_says_so_of_each(self, admin_client: Client, synced: Connection) -> None:
        entries = [entry_of(synced, ContactFactory(), last_at=timezone.now()) for _ in range(2)]

        form = {"entry": [entry.pk for entry in entries]}
        response = admin_client.post(url("errors_retry"), form, follow=True)

        assert "All of them will fail again" in text(response)

    def test_five_thousand_cost_what_five_cost(self, admin_client: Client, synced: Connection) -> None:
        many_entries(synced, 21)
        admin_client.get(url("errors"))
        with CaptureQueries() as few:
            admin_client.get(url("errors"))
        ErrorEntry.objects.all().delete()
        many_entries(synced, 5_000)
        with CaptureQueries() as many:
            response = admin_client.get(url("errors"))

        assert "5,000" in text(response)
        assert len(many) == len(few)


class TestExport:
    def rows(self, client: Client, **filters: str) -> list[dict[str, str]]:
        response = client.get(url("errors_export"), filters)
        content = b"".join(response.streaming_content).decode()  # type: ignore[attr-defined]
        assert content.startswith("\ufeff")
        return list(csv.DictReader(io.StringIO(content.removeprefix("\ufeff"))))

    def test_what_the_filters_leave_is_exported(self, admin_client: Client, synced: Connection) -> None:
        entry_of(synced, ContactFactory(last_name="Ünö"), payload={"Phone": None, "Title": "x"})
        entry_of(synced, AccountFactory(), code="DUPLICATE_VALUE")

        (row,) = self.rows(admin_client, object="Contact")

        assert row["Record"] == "Ann Ünö"
        assert row["Sent"] == "Phone: (empty); Title: x"

    @pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "  ="])
    def test_no_cell_is_a_formula(self, admin_client: Client, synced: Connection, start: str) -> None:
        entry_of(synced, ContactFactory(), record_name=f"{start}HYPERLINK(1)")

        (row,) = self.rows(admin_client)

        assert row["Record"].startswith("'")

    def test_a_large_log_is_sent_as_it_is_read(self, admin_client: Client, synced: Connection) -> None:
        many_entries(synced, 2_500)
        response = admin_client.get(url("errors_export"))
        assert response.streaming
        assert len(self.rows(admin_client)) == 2_500


class TestConflicts:
    def test_both_values_are_shown_and_the_loser_is_taken_back(
        self, admin_client: Client, org: Org, synced: Connection
    ) -> None:
        contact, event = conflict(org, winner="theirs", where="pull")

        page = text(admin_client.get(url("conflicts")))
        admin_client.post(url("conflict_restore", event.pk))
        push_all()

        contact.refresh_from_db()
        assert "Ours" in page
        assert "Theirs" in page
        assert contact.title == "Ours" == org.get("Contact", contact.crm_id)["Title"]
        assert inbox.counts().conflicts == 0

    def test_what_is_right_as_it_is_is_settled(self, admin_client: Client, org: Org, synced: Connection) -> None:
        contact, event = conflict(org, winner="theirs", where="pull")

        admin_client.post(url("conflicts_leave"), {"event": [event.pk, "x", "9" * 50]})
        again = admin_client.post(url("conflicts_leave"), {"event": [event.pk]}, follow=True)

        contact.refresh_from_db()
        assert contact.title == "Theirs"
        assert inbox.counts().conflicts == 0
        assert "settled already" in text(again)

    def test_one_side_may_win_from_now_on(self, admin_client: Client, org: Org, synced: Connection) -> None:
        contact, event = conflict(org, winner="ours", where="pull")

        response = admin_client.post(url("conflict_always", event.pk), {"winner": "theirs"}, follow=True)
        org.update("Contact", contact.crm_id, Title="Theirs again")
        contact.title = "Ours again"
        contact.save(update_fields=["title"])
        last_edit_was(contact, seconds=-3600)
        pull_all()

        contact.refresh_from_db()
        assert "Salesforce wins whenever both sides change “Title”" in text(response)
        assert contact.title == "Theirs again"

    def test_fields_of_a_unit_follow_together(self, admin_client: Client, synced: Connection) -> None:
        contact = Contact.objects.filter(crm_object="Contact").order_by("pk")[0]
        told = {"field": "city", "winner": "ours", "base": "a", "ours": "b", "theirs": "c"}
        event = SyncEvent.objects.create(
            record_kind="contact", record_id=contact.pk, kind=SyncEvent.Kind.CONFLICT, changes={"City": told}
        )

        admin_client.post(url("conflict_always", event.pk), {"winner": "theirs"})

        unit = FieldMapping.objects.filter(remote_object="Contact").exclude(unit="")
        assert {row.winner for row in unit} == {"theirs"}

    @pytest.mark.parametrize("winner", ["", "true", "nobody"])
    def test_an_answer_that_is_none_changes_nothing(
        self, admin_client: Client, org: Org, synced: Connection, winner: str
    ) -> None:
        _, event = conflict(org, winner="ours", where="pull")
        before = list(FieldMapping.objects.values_list("pk", "winner"))

        admin_client.post(url("conflict_always", event.pk), {"winner": winner})

        assert sorted(FieldMapping.objects.values_list("pk", "winner")) == sorted(before)


class TestMatches:
    def asked(self, org: Org) -> tuple[Contact, list[str]]:
        twins = [org.create("Contact", LastName="Roe", Email="twin@acme.example") for _ in range(2)]
        contact = ContactFactory(last_name="Roe", email="twin@acme.example", account=Account.objects.first())
        push_all()
        return contact, twins

    def test_a_rule_answers_what_waits_and_what_comes(self, admin_client: Client, org: Org, synced: Connection) -> None:
        contact, twins = self.asked(org)
        assert contact.last_name in text(admin_client.get(url("matches")))

        form = {"code": "SEVERAL_MATCHES", "kind": "contact", "answer": "oldest", "back": "matches"}
        admin_client.post(url("errors_always"), form)
        push_all()

        contact.refresh_from_db()
        assert contact.crm_id == twins[0]
        assert synced.object_settings.get(record_kind="contact").several_matches == "oldest"
        assert inbox.counts().matches == 0

    @pytest.mark.parametrize(("code", "answer"), [("SEVERAL_MATCHES", "guess"), ("STRING_TOO_LONG", "ask"), ("", "")])
    def test_a_rule_that_is_none_is_refused(
        self, admin_client: Client, synced: Connection, code: str, answer: str
    ) -> None:
        form = {"code": code, "kind": "contact", "answer": answer}
        assert "Choose one of the answers" in text(admin_client.post(url("errors_always"), form, follow=True))

    def test_another_one_is_made_from_the_list(self, admin_client: Client, org: Org, synced: Connection) -> None:
        contact, twins = self.asked(org)
        entry = ErrorEntry.objects.open().get()

        response = admin_client.post(url("error_match", entry.pk), {"remote_id": ""})
        push_all()

        contact.refresh_from_db()
        assert response["Location"] == url("error", entry.pk)
        assert contact.crm_id not in ["", *twins]

    def test_a_guess_is_shown_and_confirmed(self, admin_client: Client, synced: Connection) -> None:
        link = RecordLink.objects.live().filter(record_kind="contact").first()
        RecordLink.objects.filter(pk=link.pk).update(to_check=True, note="Linked by its name: please check.")

        page = text(admin_client.get(url("matches")))
        admin_client.post(url("link_confirm", link.pk))

        assert "Linked by its name" in page
        assert inbox.counts().matches == 0
        assert admin_client.post(url("link_confirm", link.pk)).status_code == 404

    def test_a_wrong_guess_is_unlinked_and_stays_out(self, admin_client: Client, org: Org, synced: Connection) -> None:
        link = RecordLink.objects.live().filter(record_kind="contact", remote_object="Contact").first()
        RecordLink.objects.filter(pk=link.pk).update(to_check=True)

        admin_client.post(url("link_unlink", link.pk))
        push_all()

        contact = Contact.objects.get(pk=link.record_id)
        assert contact.crm_id == ""
        assert SkippedRecord.objects.of("contact", [contact.pk]).exists()
        assert org.get("Contact", link.remote_id)

    def test_several_accounts_of_a_domain_are_a_guess(self, org: Org, synced: Connection) -> None:
        for name in ("One", "Other"):
            AccountFactory(name=name, website="several.example")
        org.create("Lead", LastName="Roe", Company="?", Email="ann@several.example")

        pull_all()

        (link,) = RecordLink.objects.doubtful()
        assert "one of 2" in link.note


class TestLookingUp:
    def duplicate(self, connection: Connection) -> ErrorEntry:
        contact = ContactFactory(email="there@acme.example", phone="1")
        Outbox.objects.all().delete()
        return entry_of(connection, contact, code="DUPLICATES_DETECTED", message="Use one of these?")

    def test_it_is_found_by_its_address_and_linked(self, admin_client: Client, org: Org, synced: Connection) -> None:
        remote_id = org.create("Contact", LastName="There", Email="there@acme.example")
        entry = self.duplicate(synced)

        admin_client.post(url("error_look_up", entry.pk))
        page = text(admin_client.get(url("error", entry.pk)))
        admin_client.post(url("error_match", entry.pk), {"remote_id": remote_id})
        push_all()

        entry.refresh_from_db()
        assert remote_id in page
        assert Contact.objects.get(pk=entry.record_id).crm_id == remote_id
        assert entry.closed_at

    @pytest.mark.parametrize("shape", ["{id}", "https://acme.example/lightning/r/Contact/{id}/view", "https://x/{id}"])
    def test_its_address_can_be_pasted(self, admin_client: Client, org: Org, synced: Connection, shape: str) -> None:
        remote_id = org.create("Contact", LastName="Elsewhere")
        entry = self.duplicate(synced)

        admin_client.post(url("error_look_up", entry.pk), {"remote_id": shape.format(id=remote_id)})

        entry.refresh_from_db()
        assert [one["remote_id"] for one in entry.details["candidates"]] == [remote_id]

    @pytest.mark.parametrize("typed", ["nonsense", "001000000000001AAA", "003000000000099AAA", "\x00"])
    def test_what_is_none_is_refused(self, admin_client: Client, synced: Connection, typed: str) -> None:
        entry = self.duplicate(synced)

        admin_client.post(url("error_look_up", entry.pk), {"remote_id": typed})

        entry.refresh_from_db()
        assert not entry.details.get("candidates")

    def test_one_that_is_linked_already_is_not_offered(self, admin_client: Client, synced: Connection) -> None:
        taken = Contact.objects.filter(crm_object="Contact").exclude(email="").first()
        entry = self.duplicate(synced)
        Contact.objects.filter(pk=entry.record_id).update(email=taken.email, email_key=taken.email.lower())

        admin_client.post(url("error_look_up", entry.pk))

        assert "linked to another record here" in text(admin_client.get(url("error", entry.pk)))


class TestOthers:
    def test_an_unknown_outcome_is_a_question_of_its_own(self, admin_client: Client, synced: Connection) -> None:
        contact = ContactFactory(last_name="Lost")
        entry_of(synced, contact, code="OUTCOME_UNKNOWN", details={"candidates": []})

        assert "Lost" in text(admin_client.get(url("unknown")))
        assert admin_client.get(url("inbox"))["Location"] == url("unknown")

    def test_held_deletions_are_listed(self, admin_client: Client, synced: Connection) -> None:
        held = HeldDeletions.objects.create(
            connection=synced, remote_object="Lead", side="there", count=500, linked=900
        )

        page = text(admin_client.get(url("held_deletions")))

        assert "500 of 900 linked Lead records would be deleted in Salesforce" in page
        assert f'href="{url("held", held.pk)}"' in page

    def test_potential_duplicates_are_listed_and_dismissed(self, admin_client: Client, synced: Connection) -> None:
        first, second = ContactFactory(email="same@acme.example"), ContactFactory(email="same@acme.example")
        pair = DuplicatePair.objects.get(first_id=first.pk, second_id=second.pk)

        page = text(admin_client.get(url("duplicates")))
        admin_client.post(url("duplicate_dismiss", pair.pk))

        assert str(first) in page
        assert DuplicatePair.objects.get(pk=pair.pk).dismissed_at

    def test_the_tab_counts_what_waits(self, admin_client: Client, synced: Connection) -> None:
        entry_of(synced, ContactFactory())
        entry_of(synced, AccountFactory(), code="SEVERAL_MATCHES")

        counts = inbox.counts()

        assert (counts.errors, counts.matches, counts.total) == (1, 1, 2)

    def test_pages_cost_the_same_for_any_number(self, admin_client: Client, synced: Connection) -> None:
        def cost(name: str) -> int:
            with CaptureQueries() as queries:
                admin_client.get(url(name))
            return len(queries)

        def fill(count: int, first: int) -> None:
            contacts = [ContactFactory(email=f"same{first}@acme.example") for _ in range(count)]
            for contact in contacts:
                told = {"field": "title", "winner": "ours", "base": "", "ours": "b", "theirs": "c"}
                SyncEvent.objects.create(
                    record_kind="contact", record_id=contact.pk, kind="conflict", changes={"Title": told}
                )
                entry_of(synced, contact, code="SEVERAL_MATCHES")

        fill(2, 1)
        before = [cost(name) for name in ("conflicts", "matches", "duplicates")]
        fill(15, 2)
        assert [cost(name) for name in ("conflicts", "matches", "duplicates")] == before
