"""The address of every page, with records behind it: a page that is new is met without being named here."""

import re
from collections.abc import Iterator
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from activities import optouts
from activities.models import Activity, EmailTemplate, Mailbox
from activities.sequences import enrolling
from common import trash
from common.importing import carrying
from common.models import DeletedRecord
from contacts.models import Contact, JobChange
from deals.models import Pipeline
from directory.importing import carrying as loading
from directory.loading import load_companies, load_prospects
from directory.models import Move, Prospect
from integrations import previewing, tasks
from integrations.models import Connection, Credential, ErrorEntry, HeldDeletions, Notice, Run
from tests.factories import (
    AccountFactory,
    ActivityFactory,
    ContactFactory,
    CustomFieldFactory,
    DealFactory,
    JobChunkFactory,
    JobFactory,
    RecordListFactory,
    SavedViewFactory,
    SequenceFactory,
    StepFactory,
    TaskFactory,
    UserFactory,
)
from users.models import User

# Not ours to look at, for machines, or a part of a page that has to be asked for more closely.
NO_PAGES = (
    "admin/", "api/", "healthz", "metrics", "auth/email/", "auth/confirm-email/", "auth/^", "auth/login/code/",
    "auth/reauthenticate/", "auth/2fa/reauthenticate/", "auth/2fa/recovery-codes/", "auth/2fa/totp/deactivate/",
    "deals/board/more/", "embedded-crm/", "activities/<int:pk>/html/",
    "settings/integrations/salesforce/mapping/<str:remote_object>/",
    "settings/integrations/salesforce/previews/<int:pk>/trial/",
)  # fmt: skip
SYNC = "settings/integrations/salesforce/"
FULL_PAGE = b"<html"
PARAMETER = re.compile(r"<\w+:(?P<name>\w+)>")

Samples = dict[str, dict[str, Any]]


def filled(user: User) -> Samples:
    """Records of every kind; returns what stands in addresses, by their beginning."""
    made = _records(user)
    told = _told_by_the_sync(made.contact)
    person = {"kind": "contact", "pk": made.contact.pk, "other_pk": made.other.pk, "key": "title"}
    return {
        "records/": person,
        "settings/erase/": person,
        "contacts/": person,
        "contacts/job-changes/": {"pk": made.job_change.pk, "decision": "dismiss"},
        "accounts/": {"pk": made.account.pk, "key": "name"},
        "deals/": {"pk": made.deal.pk, "key": "name", "contact_pk": made.contact.pk},
        "directory/": {"pk": made.prospect.pk},
        "directory/companies/": {"pk": made.prospect.company_id},
        "directory/enrich/": {"kind": "contact", "pk": made.contact.pk},
        "directory/loading/": {"pk": made.load.pk},
        "deleted/": {"pk": made.deleted.pk},
        "imports/": {"pk": made.draft.pk},
        "jobs/": {"pk": made.job.pk},
        "activities/": {"pk": made.task.pk},
        "activities/templates/": {"pk": made.template.pk},
        "activities/reminders/": {"pk": made.reminder.pk},
        "activities/of/": {"record_kind": "contact", "pk": made.contact.pk, "kind": "note"},
        "lists/": {"pk": made.list.pk},
        "lists/of/": {"record_kind": "contact", "pk": made.contact.pk},
        "sequences/": {"pk": made.sequence.pk, "kind": "email"},
        "sequences/steps/": {"pk": made.step.pk, "way": "up"},
        "sequences/people/": {"pk": made.enrolment.pk, "deed": "pause"},
        "sequences/of/": {"pk": made.contact.pk},
        "unsubscribe/": {"token": optouts.unsubscribe_url(made.contact).rstrip("/").rpartition("/")[2]},
        "settings/mailbox/calendars/": {"pk": made.calendar.pk},
        "settings/you/tokens/": {"pk": 1},
        "settings/people/": {"pk": made.colleague.pk},
        "settings/pipelines/": {"pk": Pipeline.objects.get(is_default=True).pk},
        SYNC: {"kind": "contact", "remote_object": "Contact", "section": "mapping", "name": "Contact", "pk": 1},
        **{f"{SYNC}{place}/": {"pk": pk} for place, pk in told.items()},
        f"{SYNC}records/": person,
        f"{SYNC}campaigns/jobs/": {"pk": made.job.pk},
        f"{SYNC}activities/titles/": {"kind": "email"},
    }


def _records(user: User) -> SimpleNamespace:
    colleague = UserFactory(name="Kim Example")
    CustomFieldFactory(label="Shoe size", type="number")
    SavedViewFactory(user=user, name="Mine", query="synced=yes")
    account = AccountFactory(name="Acme", website="https://acme.example")
    contact, other = (
        ContactFactory(first_name="Ann", last_name=name, account=account, owner=user, title="CEO")
        for name in ("Roe", "Roe-Doe")
    )
    gone = ContactFactory(last_name="Gone")
    trash.delete_records(Contact, [gone.pk])
    sequence = SequenceFactory(owner=user)
    step = StepFactory(sequence=sequence)
    enrolling.enrol(sequence, [contact.pk], user=user)
    file = SimpleUploadedFile("people.csv", b"Last name,E-mail\nImported,i@acme.example\n")
    load_companies([{"key": "a", "name": "Beta", "industry": "Energy", "employees": 40, "country": "Sweden"}])
    load_prospects([{"key": "1", "last_name": "Nilsson", "title": "Head of Sales", "company_key": "a"}])
    fair = SimpleUploadedFile("fair.csv", b"Name,E-mail\nNils Son,nils@fair.example\n")
    listed = RecordListFactory()
    job = JobFactory(user=user, state="done", total=9, done=9, counts={"written": 9}, result_name="nine.csv")
    JobChunkFactory(job=job, is_result=True)
    for kind in (Activity.Kind.EMAIL, Activity.Kind.CALL):
        ActivityFactory(kind=kind, contact=contact, account=account, owner=user)
    Mailbox.objects.create(user=user, address=user.email, read_since=timezone.localdate())
    move = Move.objects.create(prospect=Prospect.objects.get(), from_company_name="Gamma")
    task = TaskFactory(contact=contact, owner=user, due_on=timezone.localdate() - timedelta(days=1))
    return SimpleNamespace(
        account=account,
        calendar=user.calendars.create(name="Work", url="https://calendar.example/work.ics"),
        colleague=colleague,
        contact=contact,
        other=other,
        deal=DealFactory(name="Robots", amount=5, currency="EUR", account=account, owner=user),
        deleted=DeletedRecord.objects.get(record_id=gone.pk),
        draft=carrying.prepare("contact", file, "people.csv", user=user),
        enrolment=contact.enrolments.get(),
        load=loading.prepare("people", "fair", fair, "fair.csv", user=user),
        job=job,
        job_change=JobChange.objects.create(contact=contact, move=move),
        list=listed,
        prospect=Prospect.objects.get(),
        sequence=sequence,
        step=step,
        template=EmailTemplate.objects.create(name="Hello", body="Dear {{first_name}}", owner=user),
        reminder=task.reminders.create(user=user, at=timezone.now()),
        task=task,
    )


def _told_by_the_sync(contact: Contact) -> dict[str, int]:
    connection = Connection.objects.get()
    error = ErrorEntry.objects.create(
        connection=connection,
        record_kind="contact",
        record_id=contact.pk,
        record_name=str(contact),
        operation="create",
        remote_object="Contact",
        code="REQUIRED_FIELD_MISSING",
        message="Required fields are missing: [Phone]",
        fields=["Phone"],
        payload={"LastName": "Roe"},
    )
    held = HeldDeletions.objects.create(
        connection=connection, remote_object="Contact", side="here", count=12, linked=20
    )
    Notice.objects.create(connection=connection, kind="errors", subject="Contact", title="12 contacts are refused")
    rule = connection.exclusion_rules.create(name="The board", from_domains=["board.example"])
    preview = previewing.begin(connection, {"what": "pull", "names": ["Contact"], "everything": True}, None)
    tasks.preview(preview.pk)
    return {
        "activities/exclusions": rule.pk,
        "errors": error.pk,
        "held": held.pk,
        "previews": preview.pk,
        "logins": Credential.objects.get().pk,
        "runs": Run.objects.filter(kind="pull").latest("pk").pk,
    }


def pages(client: Client, samples: Samples) -> list[str]:
    """The addresses that answer a whole page: fragments and what only takes a POST are none."""
    found, absent = [], []
    for route in _routes(get_resolver()):
        if route.startswith(NO_PAGES):
            continue
        path = "/" + _path(route, samples)
        answer = client.get(path)
        absent += [path] if answer.status_code not in (200, 302, 405) else []
        if answer.status_code == 200 and not answer.streaming and FULL_PAGE in answer.content:
            found.append(path)
    assert not absent, absent
    return found


def _routes(resolver: URLResolver, begin: str = "") -> Iterator[str]:
    for one in resolver.url_patterns:
        route = begin + str(one.pattern)
        if isinstance(one, URLPattern):
            yield route
        else:
            yield from _routes(one, route)


def _path(route: str, samples: Samples) -> str:
    """With the samples of the beginnings that it has, the longest above all."""
    values: dict[str, Any] = {}
    for begin in sorted((one for one in samples if route.startswith(one)), key=len):
        values |= samples[begin]
    path = PARAMETER.sub(lambda found: str(values.get(found["name"], found[0])), route)
    assert "<" not in path, f"There is no sample for {route}."
    return path
