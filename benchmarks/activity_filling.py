"""What five million activities have besides: e-mails with their addresses, guests of meetings, links with Salesforce.

``python -m benchmarks.with_django activity_filling`` goes on in a database that ``filling`` has filled.
"""

import time
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

from django.db import connection as database

from activities.models import Activity, Message, Participant
from benchmarks.filling import CHUNK, without_indexes
from benchmarks.invented import NOW
from common.bulk import copy_columns
from common.copying import copy
from integrations.logins import the_connection
from integrations.models import RecordLink, SyncedKind
from integrations.sync.activities.objects import PREFIXES
from users.models import User

THREAD = 4  # e-mails
SAME = ("in_reply_to", "html", "is_sent_here", "is_reply", "is_internal")
BESIDE = 0.2  # of e-mails and meetings: another contact takes part
Kind, Role = Activity.Kind, Participant.Role
Rows = Sequence[tuple[int, str, str, int, int, str]]


def work() -> Iterator[str]:
    yield from Filling().run()


class Filling:
    def __init__(self) -> None:
        self.random = Random(1)
        self.addresses = dict(User.objects.values_list("pk", "email"))

    def run(self) -> Iterator[str]:
        assert not Message.objects.exists(), "There are e-mails already: give a freshly filled database."
        began, made = time.perf_counter(), 0
        with without_indexes(Message, Participant, RecordLink):
            for rows in _chunks():
                made += len(rows)
                self._emails([row for row in rows if row[1] == Kind.EMAIL])
                self._meetings([row for row in rows if row[1] == Kind.MEETING])
                self._links([row for row in rows if row[5]])
            yield f"of {made:,} activities in {time.perf_counter() - began:.0f} s"
        with database.cursor() as cursor:
            cursor.execute("VACUUM ANALYZE")

    def _emails(self, rows: Rows) -> None:
        ids = [row[0] for row in rows]
        threads = [f"{pk - pk % THREAD}@mail.example" for pk in ids]
        columns: dict[str, Any] = {
            "activity_id": ids,
            "message_id": [f"{pk}@mail.example" for pk in ids],
            "thread": threads,
        }
        copy(Message, columns, {name: getattr(Message(), name) for name in SAME})
        sides = [(Role.FROM, Role.TO) if row[2] == Activity.Direction.IN else (Role.TO, Role.FROM) for row in rows]
        self._people(rows, [theirs for theirs, _ in sides], [ours for _, ours in sides])

    def _meetings(self, rows: Rows) -> None:
        self._people(rows, [Role.ATTENDEE] * len(rows), [Role.ORGANIZER] * len(rows))

    def _people(self, rows: Rows, theirs: Sequence[str], ours: Sequence[str]) -> None:
        of_contacts: dict[str, Any] = {
            "activity_id": [row[0] for row in rows],
            "role": theirs,
            "address": [f"someone{row[3]}@mail.example" for row in rows],
            "contact_id": [row[3] for row in rows],
        }
        owners: dict[str, Any] = {
            "activity_id": [row[0] for row in rows],
            "role": ours,
            "address": [self.addresses[row[4]] for row in rows],
            "user_id": [row[4] for row in rows],
        }
        beside = [row for row in rows if self.random.random() < BESIDE]
        others = [self.random.choice(rows)[3] for _ in beside]
        copied: dict[str, Any] = {
            "activity_id": [row[0] for row in beside],
            "address": [f"someone{pk}@mail.example" for pk in others],
            "contact_id": others,
        }
        copy_columns(Participant, of_contacts)
        copy_columns(Participant, owners)
        copy_columns(Participant, copied, role=Role.CC)

    def _links(self, rows: Rows) -> None:
        columns: dict[str, Any] = {
            "record_id": [row[0] for row in rows],
            "remote_id": [row[5] for row in rows],
            "remote_object": [PREFIXES[row[5][:3]] for row in rows],
            "base": [{"Subject": "About the offer", "WhoId": "003000000000000AAA"}] * len(rows),
        }
        same = {"connection_id": the_connection().pk, "record_kind": SyncedKind.ACTIVITY, "pushed_at": NOW}
        copy_columns(RecordLink, columns, **same)


def _chunks() -> Iterator[Rows]:
    last = 0
    wanted = Activity.objects.order_by("pk").values_list("pk", "kind", "direction", "contact_id", "owner_id", "crm_id")
    while rows := list(wanted.filter(pk__gt=last)[:CHUNK]):
        last = rows[-1][0]
        yield rows
