"""Loading people and companies from files: what is recognised, what is refused, and that nothing is done twice."""

import csv
import io
import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection as database
from django.test import Client
from django.test.utils import CaptureQueriesContext

from common import jobs
from common.importing import files, keeping
from common.importing.targets import proposed
from common.models import Job
from directory.importing import carrying
from directory.importing.columns import COMPANIES, KINDS, PEOPLE
from directory.importing.reading import Reader
from directory.loading import load_companies, load_prospects
from directory.models import Company, Load, Move, Prospect
from tests.factories import AdminFactory, ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> User:
    return AdminFactory()


def prepared(admin: User, *lines: str, kind: str = "people", source: str = "fair") -> Job:
    data = "\r\n".join(lines).replace("|", ",").encode()
    return carrying.prepare(kind, source, io.BytesIO(data), "fair.csv", user=admin)


def loaded(admin: User, *lines: str, kind: str = "people", **options: Any) -> Job:
    job = prepared(admin, *lines, kind=kind, **options)
    file_kind = KINDS[kind]
    carrying.start(job, proposed(job.params["head"], file_kind.targets, file_kind.aliases))
    jobs.run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.DONE, job.message
    return job


def rejected(job: Job) -> list[dict[str, str]]:
    text = b"".join(jobs.pieces(job, is_result=True)).decode("utf-8-sig")
    return list(csv.DictReader(io.StringIO(text)))


def test_a_file_of_people_makes_people_with_their_companies(admin: User) -> None:
    job = loaded(
        admin,
        "Id|First Name|Last Name|Job Title|Work E-mail|Email Status|Company|Website|Country",
        "1|Ada|Sample|Head of Sales|Ada@acme.example|Verified|Acme|https://www.acme.example/|Sweden",
        "2|Bo|Måltest|Engineer|bo@acme.example|guessed|Acme|acme.example|Sweden",
    )

    assert job.counts == {"new": 2}
    people = Prospect.objects.order_by("key").values_list("last_name", "email_status", "company__name", "source")
    assert list(people) == [("Sample", "verified", "Acme", "fair"), ("Måltest", "unverified", "Acme", "fair")]
    assert Company.objects.get().domain == "acme.example"


def test_a_file_of_companies_is_read_as_sources_write(admin: User) -> None:
    loaded(
        admin,
        "Company Name,Website,# Employees,Annual Revenue,Founded",
        'Acme,http://acme.example,"1,001-5,000 employees",$1.5M,1999-05-01',
        kind="companies",
    )

    acme = Company.objects.get()
    assert (acme.key, acme.employees, acme.annual_revenue, acme.founded_year) == (
        "acme.example",
        1001,
        1_500_000,
        "1999",
    )


def test_what_other_services_call_their_columns_is_recognised() -> None:
    people = ["Name", "Title", "Person Linkedin Url", "Departments", "Mobile Phone", "Company Name", "Time Zone"]
    companies = ["Company", "Industry", "Short Description", "Company Phone", "Company City", "SIC Codes"]

    assert proposed(people, PEOPLE.targets, PEOPLE.aliases) == [
        "full_name", "title", "linkedin_url", "department", "mobile_phone", "company_name", "time_zone",
    ]  # fmt: skip
    assert proposed(companies, COMPANIES.targets, COMPANIES.aliases) == [
        "name", "industry", "description", "phone", "city", "sic",
    ]  # fmt: skip


def test_loading_again_changes_what_the_file_has_columns_for_and_nothing_else(admin: User) -> None:
    loaded(admin, "Id|Last name|Title|Phone|Company domain", "1|Sample|Head|+1 555|acme.example")

    job = loaded(admin, "Id|Last name|Title", "1|Sample|")

    assert job.counts == {"brought up to date": 1}
    ada = Prospect.objects.get()
    assert (ada.title, ada.phone, ada.company and ada.company.domain) == ("", "+1 555", "acme.example")
    assert not Move.objects.exists()


def test_without_keys_people_are_known_again_by_their_address_and_companies_by_their_domain(admin: User) -> None:
    for _ in range(2):
        loaded(admin, "Name|E-mail", '"Sample, Ada"|ADA@acme.example')
        loaded(admin, "Name|Website", "Acme|www.acme.example", kind="companies")

    assert [(one.name, one.key) for one in Prospect.objects.all()] == [("Ada Sample", "ada@acme.example")]
    assert Company.objects.count() == 1


def test_who_changed_company_is_counted_and_noted(admin: User) -> None:
    head = "Id|Last name|Company domain"
    loaded(admin, head, "1|Sample|acme.example")

    job = loaded(admin, head, "1|Sample|beta.example", "2|New|beta.example", "2|New|beta.example")

    assert job.counts == {
        "new": 1,
        "brought up to date": 1,
        "of them at another company than before": 1,
        "again further down in the file": 1,
    }
    assert Move.objects.get().from_company_name == "acme.example"


def test_rows_that_cannot_be_taken_come_back_with_the_reason_and_without_formulas(admin: User) -> None:
    job = loaded(
        admin,
        "Last name|E-mail|Title",
        "Sample|nowhere|=cmd()",
        "|a@acme.example|",
        "Nobody||",
        "Fine|b@acme.example|Head",
    )

    assert job.counts == {"new": 1, "rejected": 3}
    rows = rejected(job)
    assert [row["Line"] for row in rows] == ["2", "3", "4"]
    assert rows[0]["Title"] == "'=cmd()"
    assert "valid email" in rows[0]["Reason"]
    assert rows[1]["Reason"] == "Last name must not be empty."
    assert "Nothing to know this person by" in rows[2]["Reason"]


def test_marks_of_our_exports_are_no_part_of_a_name(admin: User) -> None:
    loaded(admin, "Last name|E-mail|Title", "Sample|a@acme.example|'=Head")

    assert Prospect.objects.get().title == "=Head"


def test_a_load_that_was_broken_off_goes_on_where_it_stood(admin: User, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "ROWS", 2)
    job = prepared(admin, "Id|Last name", *(f"{number}|Sample" for number in range(5)))
    carrying.start(job, ["key", "last_name"])
    with monkeypatch.context() as broken:
        broken.setattr(jobs, "SLICE", 0.0)
        jobs.run(job.pk, seconds=0)
    assert Prospect.objects.count() == 2

    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.done, job.counts, Prospect.objects.count()) == (5, {"new": 5}, 5)
    assert Load.objects.get().counts == {"new": 5}


def test_a_source_is_removed_with_its_people_and_companies_but_not_with_our_contacts(admin: User) -> None:
    loaded(admin, "Last name|E-mail|Company domain", "Sample|a@acme.example|acme.example")
    load_companies([{"key": "b", "name": "Beta"}])
    load_prospects([{"key": "1", "last_name": "Stays", "company_key": "b"}])
    ContactFactory(email="a@acme.example")

    job = carrying.start_removing("fair", user=admin)
    jobs.run(job.pk)

    job.refresh_from_db()
    assert (job.state, job.counts) == ("done", {"removed": 2})
    assert (Prospect.objects.get().last_name, Company.objects.get().name) == ("Stays", "Beta")
    assert not Load.objects.exists()


class TestPages:
    def test_a_file_is_uploaded_looked_at_and_loaded(self, client: Client, admin: User) -> None:
        client.force_login(admin)
        file = SimpleUploadedFile("fair.csv", b"Name,E-mail\nAda Sample,a@acme.example\nBo,nowhere\n")
        assert "Nothing is loaded yet" in client.get("/directory/loading/").content.decode()

        answer = client.post("/directory/loading/new/", {"kind": "people", "source": "fair", "file": file})
        page = client.get(answer["Location"]).content.decode()
        client.post(answer["Location"], {"column_0": "full_name", "column_1": "email"})
        jobs.run(Job.objects.get().pk)

        assert "1 of 2 can’t be taken as they are." in page
        assert Prospect.objects.get().name == "Ada Sample"
        shown = client.get("/directory/loading/").content.decode()
        assert str(admin) in shown
        assert re.search(r"1\s+rejected", shown)

    def test_a_second_click_begins_nothing_again(self, client: Client, admin: User) -> None:
        client.force_login(admin)
        job = prepared(admin, "Last name|E-mail", "Sample|a@acme.example")
        chosen = {"column_0": "last_name", "column_1": "email"}

        for _ in range(2):
            assert client.post(f"/directory/loading/{job.pk}/", chosen)["Location"] == f"/jobs/{job.pk}/"

        assert Load.objects.count() == 1

    def test_columns_that_lack_or_clash_are_told(self, client: Client, admin: User) -> None:
        client.force_login(admin)
        job = prepared(admin, "A|B", "Sample|Sample")

        for chosen, message in (
            (["last_name", "last_name"], "can’t both become this"),
            (["email", ""], "Choose the column that becomes “Last name”"),
            (["last_name", ""], "Choose a column by which entries are known again"),
        ):
            answer = client.post(
                f"/directory/loading/{job.pk}/", {f"column_{at}": one for at, one in enumerate(chosen)}
            )
            assert answer.status_code == 422
            assert message in answer.content.decode()
        assert not Load.objects.exists()

    def test_it_is_for_admins_only_and_each_sees_their_own_drafts(self, client: Client, admin: User) -> None:
        job = prepared(admin, "Last name|E-mail", "Sample|a@acme.example")
        paths = ["", "new/", "sources/remove/", f"{job.pk}/"]
        client.force_login(UserFactory())
        assert [client.get(f"/directory/loading/{path}").status_code for path in paths] == [403] * 4

        client.force_login(AdminFactory())
        assert client.get(f"/directory/loading/{job.pk}/").status_code == 404

    def test_a_source_is_removed_after_a_question(self, client: Client, admin: User) -> None:
        client.force_login(admin)
        load_prospects([{"key": "1", "last_name": "Sample"}], source="fair & co")
        address = "/directory/loading/sources/remove/"

        assert "1 person" in client.get(address, {"source": "fair & co"}).content.decode()
        jobs.run(int(client.post(address, {"source": "fair & co"})["Location"].strip("/").rpartition("/")[2]))

        assert not Prospect.objects.exists()
        assert client.post(address, {"source": "fair & co"})["Location"] == "/directory/loading/"


def test_a_piece_costs_the_same_statements_whatever_its_rows(admin: User) -> None:
    """Also those of companies that are not there."""
    counted = []
    for rows in (3, 60):
        lines = [f"S|{number}@c{rows}.example|c{number}x{rows}.example" for number in range(rows)]
        job = prepared(admin, "Last name|E-mail|Website", *lines)
        reader = Reader(PEOPLE, ["last_name", "email", "company_domain"])
        values = [one.values for one in reader.read(keeping.piece(job, 0))]
        with CaptureQueriesContext(database) as statements:
            load_prospects(values, "fair")
        counted.append(len(statements))
    assert counted[0] == counted[1]
