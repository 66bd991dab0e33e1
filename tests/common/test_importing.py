"""Importing records from a file: what is read, what becomes of each row, and that nothing is done twice."""

import csv
import io
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import Account
from activities.models import RecordList
from common import jobs
from common.acting import acting_as
from common.importing import carrying, files
from common.importing.kinds import kind_named
from common.importing.planning import Policy, Settings
from common.importing.targets import proposed, targets_of
from common.models import CustomField, DuplicatePair, Job, Origin, RecordKind, Workspace
from common.visibility import let_see_pulled
from contacts.models import Contact, Stage
from deals.models import Deal
from integrations.models import Outbox
from tests.factories import AccountFactory, AdminFactory, ContactFactory, DealFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def user() -> User:
    return UserFactory(email="kim@example.com")


def table(*rows: str, delimiter: str = ",") -> bytes:
    return "\r\n".join(rows).replace("|", delimiter).encode()


def prepared(user: User, data: bytes, kind: str = "contact", **chosen: Any) -> tuple[Job, Settings]:
    job = carrying.prepare(kind, io.BytesIO(data), "people.csv", user=user)
    found = kind_named(kind)
    assert found
    with acting_as(user):
        columns = chosen.pop("columns", None) or proposed(job.params["head"], targets_of(found), found.aliases)
    return job, Settings(kind, job.params["head"], columns, **chosen)


def imported(user: User, data: bytes, kind: str = "contact", **chosen: Any) -> Job:
    job, settings = prepared(user, data, kind, **chosen)
    carrying.start(job, settings)
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.message
    assert sum(job.counts.values()) == job.total == job.done
    return job


def rejected(job: Job) -> list[dict[str, str]]:
    text = b"".join(jobs.pieces(job, is_result=True)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


class TestReading:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
    @pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
    def test_encodings_and_separators_are_recognised(self, encoding: str, delimiter: str) -> None:
        text = table("Last name|Note", "Müller|“a”", "Łuk" if encoding != "cp1252" else "Luc|b", delimiter=delimiter)
        sheet = files.read(io.BytesIO(text.decode().encode(encoding)))
        assert sheet.head == ["Last name", "Note"]
        assert next(sheet.rows) == (2, ["Müller", "“a”"])

    def test_cells_of_several_lines_blank_rows_and_columns_without_a_name(self) -> None:
        sheet = files.read(io.BytesIO(b'Name,,Name\r\n"a\r\nb",2,3\r\n,,\r\n\r\nc\r\n'))
        assert sheet.head == ["Name", "Column 2", "Name (2)"]
        assert list(sheet.rows) == [(3, ["a\r\nb", "2", "3"]), (6, ["c"])]

    @pytest.mark.parametrize(
        ("data", "told"),
        [
            (b"", "empty"),
            (b"PK\x03\x04workbook", "workbook"),
            (b"a,b\x00\n", "not a text file"),
            (b"\xff\xfea\x00,", "damaged"),
            (b"Name\n\x81\x8d\n", "neither UTF-8 nor Windows-1252"),
            (b"Last name,b\n", "no rows"),
            (b"Last name\n" + b'"' + b"x" * 200_000, "Line 2"),
            (",".join(map(str, range(300))).encode() + b"\n1", "300 columns"),
        ],
    )
    def test_what_cannot_be_read_says_why_and_leaves_nothing(self, user: User, data: bytes, told: str) -> None:
        with pytest.raises(files.Unreadable, match=told):
            carrying.prepare("contact", io.BytesIO(data), "x.csv", user=user)
        assert not Job.objects.exists()

    def test_columns_are_proposed_by_their_names_each_field_once(self, user: User) -> None:
        CustomField.objects.create(record_kind=RecordKind.CONTACT, key="shoe", label="Shoe size", type="number")
        head = ["First Name", "SURNAME", "E-Mail", "Email address", "Company", "Shoe size", "Id", "Zip code", "???"]
        kind = kind_named("contact")
        assert kind
        names = proposed(head, targets_of(kind), kind.aliases)
        assert names == ["first_name", "last_name", "email", "", "company_name", "custom_shoe", "", "postal_code", ""]


class TestMaking:
    def test_rows_become_records_of_the_importer(self, user: User) -> None:
        lee = UserFactory(email="lee@example.com")
        Stage.objects.create(name="Courted")
        job = imported(
            user,
            table(
                "First name|Last name|E-mail|Owner|Stage|No e-mail|Other e-mails",
                "Zoë|Ødegård|Zoe@Example.com|LEE@example.com|courted|yes|A@x.example; b@x.example",
                "|Müller||||no|",
            ),
        )
        assert not rejected(job)
        zoe, muller = Contact.objects.order_by("pk")
        assert (zoe.first_name, zoe.last_name, zoe.email, zoe.owner) == ("Zoë", "Ødegård", "Zoe@Example.com", lee)
        assert (zoe.no_email, zoe.other_emails) == (True, ["a@x.example", "b@x.example"])
        assert str(zoe.stage) == "Courted"
        assert (muller.owner, muller.origin, muller.sort_name) == (user, Origin.CSV_UPLOAD, "muller ")
        assert job.counts == {"created": 2}
        assert not job.result_name

    def test_custom_values_dates_and_numbers_as_people_write_them(self, user: User) -> None:
        for key, type_, more in (
            ("born", "date", {}),
            ("worth", "number", {"decimals": 2}),
            ("likes", "multi_picklist", {"choices": ["Tea", "Cake"]}),
            ("size", "picklist", {"choices": ["Small", "Large"]}),
            ("met", "datetime", {}),
        ):
            CustomField.objects.create(record_kind="contact", key=key, label=key, type=type_, **more)
        imported(
            user,
            table(
                "Last name;born;worth;likes;size;met",
                'A;31.12.1990;1.234,50;"tea; CAKE";small;2026-01-02 10:30',
                "B;1990-12-31;$1,234.50;Tea;Large;",
                "C;5/4/1990;1 234,5;;;",
            ),
            day_first=True,
        )
        a, b, c = Contact.objects.order_by("pk").values_list("custom", flat=True)
        met = "2026-01-02T10:30:00+00:00"
        assert a == {"born": "1990-12-31", "worth": 1234.5, "likes": ["Tea", "Cake"], "size": "Small", "met": met}
        assert b == {"born": "1990-12-31", "worth": 1234.5, "likes": ["Tea"], "size": "Large"}
        assert c == {"born": "1990-04-05", "worth": 1234.5}

    def test_accounts_are_found_by_name_domain_or_id_and_made_once_if_wanted(self, user: User) -> None:
        acme = AccountFactory(name="Acme, Inc", website="https://www.acme.example")
        rows = (
            "Last name;Account",
            'A;"ACME, inc"',
            "B;acme.example",
            f"C;{acme.pk}",
            "D;Born",
            "E;BORN",
            "F;x.example",
        )
        job = imported(user, table(*rows), makes_accounts=True)
        found = list(Contact.objects.order_by("pk").values_list("account__name", flat=True))
        assert found == ["Acme, Inc"] * 3 + ["Born", "Born", "x.example"]
        assert (Account.objects.count(), Account.objects.get(name="x.example").domain) == (3, "x.example")
        assert Account.objects.get(name="Born").owner == user
        assert job.counts == {"created": 6}

        job = imported(user, table("Last name;Account", "A;Nobody"))
        assert [row["Reason"] for row in rejected(job)] == ["Account: There is none called “Nobody”."]

    def test_several_of_a_name_are_not_guessed_at(self, user: User) -> None:
        AccountFactory.create_batch(2, name="Twin")
        job = imported(user, table("Last name,Account", "A,Twin"), makes_accounts=True)
        assert "Several are called “Twin”" in rejected(job)[0]["Reason"]

    def test_a_full_name_is_taken_apart(self, user: User) -> None:
        imported(user, b'Name;E-mail\nAnn B. Roe;\n"Roe, Bob";\nCher;')
        names = list(Contact.objects.order_by("pk").values_list("first_name", "last_name"))
        assert names == [("Ann B.", "Roe"), ("Bob", "Roe"), ("", "Cher")]

    def test_deals_start_in_the_first_stage_and_accounts_derive_their_domain(self, user: User) -> None:
        imported(user, table("Company;Website;Employees", "Acme;www.acme.example;1,200"), "account")
        imported(user, table("Name;Company;Amount;Close date", "Big;Acme;10.000,00;2026-12-31", "Small;;;"), "deal")
        acme = Account.objects.get()
        assert (acme.domain, acme.employees) == ("acme.example", 1200)
        big, small = Deal.objects.order_by("pk")
        assert (big.account, big.amount, big.close_on) == (acme, Decimal(10_000), date(2026, 12, 31))
        assert (small.stage.position, small.owner) == (big.stage.position, user)

    def test_an_export_comes_back_as_it_went(self, user: User) -> None:
        imported(user, table("Last name,Phone", "A,'+49 30 1234"))
        assert Contact.objects.get().phone == "+49 30 1234"


class TestMatching:
    @pytest.mark.parametrize(
        ("policy", "title", "city", "fate"),
        [
            (Policy.SKIP, "CEO", "", "already there, skipped"),
            (Policy.FILL, "CEO", "Bonn", "updated"),
            (Policy.OVERWRITE, "CTO", "Bonn", "updated"),
        ],
    )
    def test_what_is_there_is_left_filled_or_overwritten(
        self, user: User, policy: str, title: str, city: str, fate: str
    ) -> None:
        ann = ContactFactory(email="new@x.example", other_emails=["ann@x.example"], title="CEO", phone="1")
        job = imported(
            user, table("Last name,E-mail,Title,City,Phone", f"{ann.last_name},ANN@x.example,CTO,Bonn,"), policy=policy
        )
        ann.refresh_from_db()
        assert (ann.title, ann.city, ann.phone, job.counts) == (title, city, "1", {fate: 1})
        assert Contact.objects.count() == 1

    def test_another_one_is_made_when_asked_for_and_shown_as_a_duplicate(self, user: User) -> None:
        ContactFactory(email="ann@x.example")
        imported(user, table("Last name,E-mail", "Roe,ann@x.example"), policy=Policy.ANYWAY)
        assert (Contact.objects.count(), DuplicatePair.objects.count()) == (2, 1)

    def test_a_row_that_changes_nothing_writes_nothing(self, user: User) -> None:
        ann = ContactFactory()
        before = ann.updated_at
        job = imported(user, table("Last name,E-mail", f"{ann.last_name},{ann.email}"), policy=Policy.OVERWRITE)
        ann.refresh_from_db()
        assert (job.counts, ann.updated_at) == ({"unchanged": 1}, before)

    def test_rows_of_one_file_meet_each_other(self, user: User) -> None:
        data = table("Last name,E-mail,Title", "A,a@x.example,CEO", "B,a@x.example,CTO", "C,c@x.example,")
        assert imported(user, data).counts == {"created": 2, "already there, skipped": 1}
        Contact.objects.all().delete()
        assert imported(user, data, policy=Policy.OVERWRITE).counts == {"created": 2, "updated": 1}
        assert list(Contact.objects.order_by("pk").values_list("last_name", "title")) == [("B", "CTO"), ("C", "")]

    def test_accounts_match_by_domain_and_by_name_unless_the_domains_differ(self, user: User) -> None:
        AccountFactory(name="Acme", website="acme.example")
        AccountFactory(name="Born")
        data = table("Name,Website", "Other,www.acme.example", "ACME,acme.test", "Born,born.example", "acme,")
        job = imported(user, data, "account", policy=Policy.FILL)
        assert job.counts == {"created": 1, "updated": 1, "unchanged": 1, "rejected": 1}
        assert "Several records may be meant" in rejected(job)[0]["Reason"]
        assert Account.objects.get(name="Born").domain == "born.example"

    def test_an_id_goes_before_everything_and_must_be_there(self, user: User) -> None:
        ann, bob = ContactFactory(), ContactFactory()
        data = table("ID in Tandem,E-mail,Title", f"{ann.pk},{bob.email},CEO", "999999,x@x.example,CEO", "1.5,,CEO")
        job = imported(user, data, policy=Policy.OVERWRITE)
        ann.refresh_from_db()
        assert (ann.email, ann.title, job.counts) == (bob.email, "CEO", {"updated": 1, "rejected": 2})
        assert [row["Reason"] for row in rejected(job)] == [
            "There is no contact with the ID 999999.",
            "ID in Tandem: An ID is a number.",
        ]

    def test_deals_match_by_name_and_account(self, user: User) -> None:
        acme = AccountFactory(name="Acme")
        DealFactory(name="Big", account=acme)
        job = imported(user, table("Name,Account", "big,acme", "Big,"), "deal")
        assert job.counts == {"created": 1, "already there, skipped": 1}

    def test_no_account_comes_to_stand_above_itself(self, user: User) -> None:
        top = AccountFactory(name="Top")
        AccountFactory(name="Below", parent=AccountFactory(name="Middle", parent=top))
        job = imported(user, table("Name,Parent", "Top,Below"), "account", policy=Policy.OVERWRITE)
        top.refresh_from_db()
        assert (job.counts, top.parent_id) == ({"rejected": 1}, None)

    def test_records_of_others_that_one_does_not_see_are_neither_told_nor_touched(self, user: User) -> None:
        theirs = ContactFactory(email="ann@x.example", origin=Origin.CRM_PULL, owner=AdminFactory(), title="CEO")
        let_see_pulled(Workspace.SeenBy.OWNERS)
        data = table("ID in Tandem,Last name,E-mail,Title", ",Roe,ann@x.example,CTO", f"{theirs.pk},Roe,,CTO")
        job = imported(user, data, policy=Policy.OVERWRITE)
        theirs.refresh_from_db()
        assert (theirs.title, job.counts) == ("CEO", {"created": 1, "rejected": 1})


class TestCarrying:
    def test_rejected_rows_come_back_whole_with_line_and_reason(self, user: User) -> None:
        data = table("Last name;E-mail;Note", "A;a@x.example;=1+1", ";b@x.example;n", "C;nobody;n", "D;;n;more")
        job = imported(user, data)
        rows = rejected(job)
        assert [(row["Line"], row["Reason"]) for row in rows] == [
            ("3", "Last name must not be empty."),
            ("4", "E-mail: Enter a valid email address."),
            ("5", "It has more cells than the first row (3)."),
        ]
        assert rows[1]["E-mail"] == "nobody"
        assert job.counts == {"created": 1, "rejected": 3}

    def test_the_mended_file_of_rejected_rows_is_imported_again(self, user: User) -> None:
        job = imported(user, table("Last name,Phone", ",+1", "B,+2"))
        mended = b"".join(jobs.pieces(job, is_result=True)).replace(b"\n,", b"\nA,")
        assert imported(user, mended).counts == {"created": 1}
        assert set(Contact.objects.values_list("last_name", "phone")) == {("A", "+1"), ("B", "+2")}

    def test_records_are_put_on_a_list(self, user: User) -> None:
        ContactFactory(email="a@x.example")
        imported(user, table("Last name,E-mail", "A,a@x.example", "B,", ",c"), afterwards={"list": "Fair"})
        assert RecordList.objects.get(name="Fair").members.count() == 2

    def test_new_and_changed_records_are_due_to_be_pushed(self, connection: Any, user: User) -> None:
        ann = ContactFactory(email="a@x.example")
        Outbox.objects.all().delete()
        imported(user, table("Last name,E-mail,Title", "A,a@x.example,CEO", "B,b@x.example,"), policy=Policy.OVERWRITE)
        new = Contact.objects.get(last_name="B")
        assert set(Outbox.objects.values_list("record_id", "actor")) == {(ann.pk, user.pk), (new.pk, user.pk)}

    def test_queries_do_not_grow_with_the_rows(self, user: User) -> None:
        def queries(count: int) -> int:
            rows = [f"N{count}-{at},n{count}-{at}@x.example,Acme {at},kim@example.com" for at in range(count)]
            job, settings = prepared(user, table("Last name,E-mail,Account,Owner", *rows), makes_accounts=True)
            carrying.start(job, settings)
            with CaptureQueriesContext(database) as found:
                jobs.run(job.pk)
            return len(found)

        queries(2)
        assert queries(5) == queries(200)

    def test_a_job_killed_between_and_within_pieces_makes_nothing_twice(
        self, user: User, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(files, "ROWS", 10)
        job, settings = prepared(user, table("Last name", *(f"N{at}" for at in range(35))))
        carrying.start(job, settings)
        calls = []

        class Killed(BaseException):
            """As by SIGKILL: nothing of ours runs any more."""

        def dies(*args: Any) -> None:
            calls.append(1)
            real(*args)
            if len(calls) in (2, 4):
                raise Killed

        real = carrying.carry_out
        monkeypatch.setattr(carrying, "carry_out", dies)
        for _ in range(2):
            with pytest.raises(Killed), transaction.atomic(), transaction.atomic():
                jobs.run(job.pk)
        for _ in range(4):
            expired = timezone.now() - jobs.LEASE
            Job.objects.filter(pk=job.pk, state=Job.State.RUNNING).update(claimed_until=expired)
            try:
                with transaction.atomic():
                    jobs.run(job.pk, seconds=0)
            except Killed:
                continue
        jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.state, job.counts) == (Job.State.DONE, {"created": 35})
        assert Contact.objects.count() == len(set(Contact.objects.values_list("last_name", flat=True))) == 35

    def test_a_reader_imports_nothing_though_the_job_had_begun(self, user: User) -> None:
        job, settings = prepared(user, table("Last name", "A"))
        carrying.start(job, settings)
        User.objects.filter(pk=user.pk).update(role=User.Role.READ_ONLY)
        jobs.run(job.pk)
        job.refresh_from_db()
        assert (job.state, Contact.objects.count()) == (Job.State.FAILED, 0)
