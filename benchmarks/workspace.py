"""Our side of the world: the workspace, its contacts, and workers in processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from activities.models import Activity, Message, Participant
from benchmarks.world import FIELDS
from common import jobs
from common.acting import acting_as
from common.bulk import copy_in, update_rows
from common.importing import carrying
from common.importing.kinds import kind_named
from common.importing.planning import Settings
from common.importing.targets import proposed, targets_of
from common.models import Job
from contacts.models import Contact
from integrations import connecting, logins, services, tasks
from integrations.models import ActivitySettings, Cursor, FieldMapping, Lane, Outbox, Run
from integrations.models.connection import Credential
from integrations.salesforce import oauth
from tests.salesforce_org import ROOT
from users.models import User

ADMIN = "admin@example.com"


def connect() -> None:
    """Connect to the org with the proposed mappings; contacts keep the benchmarks' fields."""
    admin = User.objects.create_user(ADMIN, role=User.Role.ADMIN)
    connection = logins.the_connection()
    tokens = oauth.client_credentials(logins.app_for(connection))
    connecting.connect(connection, admin, tokens, grant=Credential.Grant.CLIENT_CREDENTIALS)
    mappings = FieldMapping.objects.filter(remote_object="Contact")
    mappings.exclude(remote_field__in=FIELDS).delete()
    assert mappings.count() == len(FIELDS)
    connection.refresh_from_db()
    connecting.start_syncing(connection)


def pull(remote_object: str) -> int:
    """Pull an object as a worker does; returns how many records were looked at."""
    while True:
        (run,) = tasks.pull_due(only=remote_object, is_forced=True)
        if run.state != Run.State.RUNNING:
            assert run.state == Run.State.DONE, run.message
            return run.looked_at


def pull_everything(remote_object: str) -> int:
    """Read all of an object again."""
    services.read_everything(Cursor.objects.filter(remote_object=remote_object))
    return pull(remote_object)


def pull_once() -> None:
    """Pull what was not pulled yet: nothing is pushed before the first pull has ended."""
    waiting = set(Cursor.objects.filter(position=None).values_list("remote_object", flat=True))
    for name in sorted(waiting, key=tasks.PULL_ORDER.index):
        pull(name)


def push() -> int:
    """Push all that is due, as a worker does until nothing is left; returns how many records it took on."""
    newest = Run.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    while Outbox.objects.exists():
        for lane in Lane:
            tasks.push_lane(lane)
    return sum(run.looked_at for run in Run.objects.filter(pk__gt=newest))


def import_contacts(path: str) -> int:
    """Upload a CSV file and import it, as a worker does; returns how many rows were looked at."""
    user, kind = User.objects.get(email=ADMIN), kind_named("contact")
    assert kind
    with Path(path).open("rb") as file, acting_as(user):
        job = carrying.prepare("contact", file, "contacts.csv", user=user)
        columns = proposed(job.params["head"], targets_of(kind), kind.aliases)
    carrying.start(job, Settings("contact", job.params["head"], columns, makes_accounts=True))
    while job.state not in (Job.State.DONE, Job.State.FAILED):
        jobs.run(job.pk)
        job.refresh_from_db()
    assert job.state == Job.State.DONE, job.message
    return job.done


def linked() -> QuerySet[Contact]:
    """The contacts that are Contacts in the org, in a fixed order."""
    return Contact.objects.filter(crm_object="Contact").exclude(crm_id="").order_by("crm_id")


def edit(ids: Sequence[int], title: str) -> None:
    """Change contacts as a person's bulk edit does."""
    with transaction.atomic():
        update_rows(Contact.objects.filter(pk__in=ids), title=title)


def log_emails(ids: Sequence[int]) -> None:
    """An e-mail to each of these contacts, sent in Tandem, waits to be logged there."""
    admin = User.objects.get(email=ADMIN)
    contacts = Contact.objects.in_bulk(ids)
    ActivitySettings.objects.update_or_create(
        connection=logins.the_connection(), defaults={"push_emails_sent_here": True}
    )
    with transaction.atomic():
        emails = [_email(contacts[pk], admin) for pk in ids]
        copy_in(emails)
        Message.objects.bulk_create(_message(email) for email in emails)
        Participant.objects.bulk_create(
            Participant(activity=email, role=role, address=address)
            for email in emails
            for role, address in (("from", ADMIN), ("to", contacts[email.contact_id or 0].email))
        )
        services.queue_push(emails, lane=Lane.ACTIVITIES)


def _email(contact: Contact, owner: User) -> Activity:
    text = f"Dear {contact.first_name},\n\n" + "What we spoke of, in a few sentences that say it all. " * 30
    return Activity(
        kind=Activity.Kind.EMAIL,
        direction=Activity.Direction.OUT,
        subject=f"For {contact}",
        body=text,
        contact=contact,
        account_id=contact.account_id,
        owner=owner,
        happened_at=timezone.now(),
    )


def _message(email: Activity) -> Message:
    return Message(activity=email, message_id=f"{email.pk}@benchmark.example", thread="benchmark", is_sent_here=True)


class Worker:
    """A process that stands ready to do one piece of work."""

    def __init__(self, *work: str, environment: Mapping[str, str] | None = None) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.worker", *work],
            cwd=ROOT,
            env={**os.environ, **(environment or {})},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._read()

    def begin(self) -> Callable[[], dict[str, Any]]:
        """Let it work; call what this returns for its measures, when it is done."""
        assert self.process.stdin
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return self._end

    def _end(self) -> dict[str, Any]:
        measures: dict[str, Any] = json.loads(self._read())
        self.process.wait()
        return measures

    def _read(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline()
        assert line, "the worker ended; see above"
        return line
