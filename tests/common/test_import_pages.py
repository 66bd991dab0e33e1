"""The pages of an import: choose a file, say what its columns become, see the first rows, begin."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from common import jobs
from common.importing import forms
from common.models import Job
from contacts.models import Contact
from tests.factories import ContactFactory, UserFactory
from users.models import User

pytestmark = pytest.mark.django_db

DATA = "First name,Last name,E-mail,Favourite\r\nAnn,Roe,ann@x.example,=1+1\r\nBob,,nobody,x\r\n"


@pytest.fixture
def user() -> User:
    return UserFactory()


@pytest.fixture
def page(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def uploaded(page: Client, data: str = DATA, kind: str = "contact") -> Job:
    file = SimpleUploadedFile("people.csv", data.encode(), "text/csv")
    answer = page.post(f"/records/{kind}/import/", {"file": file})
    assert answer.status_code == 302, answer.content.decode()
    return Job.objects.latest("pk")


def chosen(*columns: str, **more: Any) -> dict[str, Any]:
    return {f"column_{at}": name for at, name in enumerate(columns)} | {"policy": "skip", "dates": "month"} | more


PROPOSED = chosen("first_name", "last_name", "email", "")


@pytest.mark.parametrize("kind", ["contact", "account", "deal"])
def test_each_list_leads_to_its_import(kind: str, page: Client) -> None:
    assert f'href="/records/{kind}/import/"' in page.get(f"/{kind}s/").content.decode()
    assert page.get(f"/records/{kind}/import/").status_code == 200
    assert page.get("/records/activity/import/").status_code == 404


def test_a_file_is_looked_at_mapped_and_imported(page: Client, user: User) -> None:
    job = uploaded(page)
    assert page.get(f"/jobs/{job.pk}/")["Location"] == f"/imports/{job.pk}/"
    body = page.get(f"/imports/{job.pk}/").content.decode()
    for text in ("2 rows", "1 of 2 can’t be taken", "Enter a valid email address.", "ann@x.example", "=1+1"):
        assert text in body
    assert Contact.objects.count() == 0

    answer = page.post(f"/imports/{job.pk}/", PROPOSED)

    assert (answer.status_code, answer["Location"]) == (302, f"/jobs/{job.pk}/")
    jobs.run(job.pk)
    assert Contact.objects.get().owner == user
    assert "Rejected" in (body := page.get(f"/jobs/{job.pk}/").content.decode())
    assert "rejected rows.csv" in body
    assert b"Last name" in b"".join(page.get(f"/jobs/{job.pk}/result/").streaming_content)


def test_beginning_twice_imports_once(page: Client) -> None:
    job = uploaded(page)
    for _ in range(2):
        assert page.post(f"/imports/{job.pk}/", PROPOSED)["Location"] == f"/jobs/{job.pk}/"
    jobs.run(job.pk)
    assert page.get(f"/imports/{job.pk}/")["Location"] == f"/jobs/{job.pk}/"
    assert page.post(f"/imports/{job.pk}/drop/")["Location"] == "/contacts/"
    assert (Contact.objects.count(), Job.objects.count()) == (1, 1)


def test_the_preview_follows_the_choices_and_writes_nothing(page: Client) -> None:
    ann = ContactFactory(email="ann@x.example", title="CEO")
    job = uploaded(page, "Last name,E-mail,Job\r\nRoe,ann@x.example,CTO\r\n")
    for policy, told in (("skip", "Left alone"), ("overwrite", "Changes"), ("anyway", "New")):
        data = chosen("last_name", "email", "title", policy=policy, list="Fair", makes_accounts="on")
        body = page.post(f"/imports/{job.pk}/preview/", data).content.decode()
        assert told in body
        assert (ann.get_absolute_url() in body) == (policy != "anyway")
    ann.refresh_from_db()
    assert (ann.title, Contact.objects.count()) == ("CEO", 1)


@pytest.mark.parametrize(
    ("columns", "told"),
    [
        (("last_name", "last_name", "", ""), "can’t both become this field"),
        (("first_name", "", "email", ""), "Choose the column that becomes “Last name”"),
        (("", "", "", ""), "Choose what at least one column becomes"),
        (("crm_id", "last_name", "", ""), "Select a valid choice"),
    ],
)
def test_choices_that_lack_something_say_what(columns: tuple[str, ...], told: str, page: Client) -> None:
    job = uploaded(page)
    answer = page.post(f"/imports/{job.pk}/", chosen(*columns))
    assert (answer.status_code, told in answer.content.decode()) == (422, True)
    assert told in page.post(f"/imports/{job.pk}/preview/", chosen(*columns)).content.decode()
    job.refresh_from_db()
    assert job.state == Job.State.DRAFT


@pytest.mark.parametrize(("data", "told"), [(b"PK\x03\x04", "workbook"), (b"", "empty"), (b"Name\n", "no rows")])
def test_a_file_that_cannot_be_read_is_told_beside_the_field(data: bytes, told: str, page: Client) -> None:
    answer = page.post("/records/contact/import/", {"file": SimpleUploadedFile("x.xlsx", data)})
    assert (answer.status_code, told in answer.content.decode()) == (422, True)
    assert page.post("/records/contact/import/").status_code == 422


def test_a_file_that_is_too_large_is_refused(page: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forms.files, "MOST_BYTES", 10)
    answer = page.post("/records/contact/import/", {"file": SimpleUploadedFile("x.csv", DATA.encode())})
    assert answer.status_code == 422


def test_an_import_is_its_users_alone(page: Client) -> None:
    job = uploaded(page)
    other = Client()
    other.force_login(UserFactory(role=User.Role.ADMIN))
    for place in ("", "preview/", "drop/"):
        assert other.post(f"/imports/{job.pk}/{place}", PROPOSED).status_code == 404
    assert page.post(f"/imports/{job.pk}/drop/")["Location"] == "/contacts/"
    assert not Job.objects.exists()
