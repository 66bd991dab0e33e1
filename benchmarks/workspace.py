"""Our side of the world: the workspace, its contacts, and workers in processes of their own."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from benchmarks.world import FIELDS
from common.bulk import update_rows
from contacts.models import Contact
from integrations import connecting, logins, services, tasks
from integrations.models import Cursor, FieldMapping, Lane, Outbox, Run
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


def linked() -> QuerySet[Contact]:
    """The contacts that are Contacts in the org, in a fixed order."""
    return Contact.objects.filter(crm_object="Contact").exclude(crm_id="").order_by("crm_id")


def edit(ids: Sequence[int], title: str) -> None:
    """Change contacts as a person's bulk edit does."""
    with transaction.atomic():
        update_rows(Contact.objects.filter(pk__in=ids), title=title)


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
