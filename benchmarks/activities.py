"""What is asked of millions of activities: how long it takes, and which tables PostgreSQL reads from end to end for it.

It asks a workspace of ``filling`` and ``activity_filling``, each question several times, of other records each time.
"""

import json
import time
from collections.abc import Callable, Iterator
from random import Random
from statistics import median
from typing import Any

from django.db import connection as database
from django.test import RequestFactory

from accounts.models import Account
from activities.mail import matching, messages
from activities.models import Activity
from activities.models.activity import BY_DUE_DATE, NEWEST
from activities.panels import SHOWN_TASKS
from activities.tables import ACTIVITIES
from benchmarks.pages import in_workspace
from benchmarks.world import World
from common.paging import paged
from contacts.models import Contact
from deals.models import Deal
from integrations import activity_reach, everything, forecasting
from integrations.logins import the_connection
from integrations.models import ActivitySettings, RecordLink, SyncedKind
from integrations.models.activities import PUSHES
from integrations.sync.activities import leaving
from integrations.sync.activities.passing import judge
from integrations.sync.activities.scope import ActivityScope
from users.models import User

ROUNDS = 7
LARGE = 50_000  # rows: a smaller table is read from end to end as fast as by an index
TIMELINE, PULLED, LETTERS = 30, 2_000, 50  # entries; tasks of a page; addresses of a page of e-mails
Ask = Callable[[int], Any]


def run(world: World) -> Iterator[str]:
    yield from in_workspace(world, ["filling", str(world.filled)], ["activity_filling"], ["activities"])


def work(words: str = "") -> Iterator[str]:
    """Ask the database of DATABASE_URL, or only what has these words in its label."""
    counted = f"{Activity.objects.count():,} activities"
    yield f"{counted:<44}{'p50 ms':>8}{'most':>8}{'queries':>9}  read from end to end"
    for label, ask in Questions().all().items():
        if words in label:
            yield _asked(label, ask)


class Questions:
    def __init__(self) -> None:
        chance, self.connection = Random(1), the_connection()
        self.admin = User.objects.filter(role=User.Role.ADMIN).latest("pk")
        self.member = User.objects.filter(role=User.Role.MEMBER).latest("pk")
        self.busy = Contact.objects.get(pk=Activity.objects.order_by("pk").values("contact")[:1])
        self.contacts, self.accounts, self.deals = (
            list(model._default_manager.exclude(crm_id="").order_by("search")[:ROUNDS])
            for model in (Contact, Account, Deal)
        )
        last = Activity.objects.latest("pk").pk
        self.chunks = [chance.sample(range(1, last), PULLED) for _ in range(ROUNDS)]
        self.remote_ids = [
            list(Activity.objects.filter(pk__in=chunk).exclude(crm_id="").values_list("crm_id", flat=True))
            for chunk in self.chunks
        ]
        self.hung_on = [
            [{"WhoId": one} for one in self._crm_ids(chunk)]
            for chunk in self.chunks  # as a page of tasks says it
        ]
        self.addresses = [
            list(Contact.objects.filter(activities__in=chunk).exclude(email="").values_list("email_key", flat=True))
            for chunk in (chunk[:LETTERS] for chunk in self.chunks)
        ]
        self.settings = ActivitySettings(connection=self.connection, **dict.fromkeys(PUSHES, True))

    @staticmethod
    def _crm_ids(chunk: list[int]) -> list[str]:
        found = Activity.objects.filter(pk__in=chunk).exclude(contact__crm_id="")
        return [crm_id for crm_id in found.values_list("contact__crm_id", flat=True) if crm_id]

    def all(self) -> dict[str, Ask]:
        admin, member = self.admin, self.member
        return {
            "timeline of a contact": lambda n: _timeline(self.contacts[n], admin),
            "timeline of a contact, a member": lambda n: _timeline(self.contacts[n], member),
            "timeline of the contact with most": lambda n: _timeline(self.busy, admin),
            "timeline of an account": lambda n: _timeline(self.accounts[n], admin),
            "timeline of a deal": lambda n: _timeline(self.deals[n], admin),
            "open tasks of a contact": lambda n: _tasks(self.contacts[n]),
            "conversation of an e-mail": self._conversation,
            "list, newest first": lambda n: _listed("", admin),
            "list, newest first, a member": lambda n: _listed("", member),
            "list, to do": lambda n: _listed("sort=due", admin),
            "list, to do, a member": lambda n: _listed("sort=due", member),
            "list, overdue": lambda n: _listed("overdue=yes", admin),
            "list, of a kind": lambda n: _listed("type=meeting", admin),
            "list, incoming": lambda n: _listed("direction=in", admin),
            "list, of an owner": lambda n: _listed(f"owner={member.pk}", admin),
            "list, of a contact": lambda n: _listed(f"contact={self.contacts[n].pk}", admin),
            "list, of an account": lambda n: _listed(f"account={self.accounts[n].pk}", admin),
            "list, not in Salesforce": lambda n: _listed("synced=no", admin),
            "list, a word": lambda n: _listed("q=contract", admin),
            "mail: contacts of a page by address": lambda n: matching.people_by_address(self.addresses[n], admin.pk),
            "mail: e-mails that are here already": lambda n: messages.known(
                f"{pk}@mail.example" for pk in self.chunks[n]
            ),
            "pull: a page by task ids": lambda n: list(self._links(n)),
            "pull: a page by WhoId": lambda n: ActivityScope._hung_on(self._scope, self.hung_on[n]),
            "push: judging a thousand": lambda n: judge(self.connection, self.chunks[n][: everything.CHUNK]),
            "one-time push: its next thousand": self._next_thousand,
            "one-time push: counting": lambda n: self._counted(),
            "settings: what switches would have done": lambda n: activity_reach.reach(self.connection),
            "deleting a contact: what is there of it": lambda n: list(leaving.on_both_sides([self.contacts[n]])),
        }

    @property
    def _scope(self) -> Any:
        return type("Connected", (), {"connection": self.connection})

    def _links(self, n: int) -> Any:
        return RecordLink.objects.filter(
            remote_id__in=leaving.any_of(self.remote_ids[n]), record_kind=SyncedKind.ACTIVITY
        )

    def _conversation(self, n: int) -> Any:
        threads = Activity.objects.visible_to(self.member).filter(
            message__thread=f"{self.chunks[n][0] // 4 * 4}@mail.example"
        )
        return list(threads.select_related("message", "owner", "contact").order_by("-happened_at", "-id")[:100])

    def _next_thousand(self, n: int) -> Any:
        after = self.chunks[n][0]
        return list(everything.eligible(self.settings).filter(pk__gt=after).order_by("pk")[: everything.CHUNK])

    def _counted(self) -> Any:
        return forecasting._push_activities(self.settings)


def _timeline(record: Any, user: User) -> Any:
    rows = Activity.objects.visible_to(user).select_related("owner", "contact")
    return rows.first_of(record, NEWEST, TIMELINE)


def _tasks(record: Any) -> Any:
    return Activity.objects.open_tasks().first_of(record, BY_DUE_DATE, SHOWN_TASKS)


def _listed(query: str, user: User) -> Any:
    request: Any = RequestFactory().get(f"/activities/?{query}")
    request.user = user
    rows = ACTIVITIES.filters(request.GET, ACTIVITIES.rows(user), request=request)
    return paged(rows.qs, request, ACTIVITIES.orders)


def _asked(label: str, ask: Ask) -> str:
    times, statements = [], []

    def note(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        statements.append((sql, params))
        return execute(sql, params, many, context)

    ask(0)
    for number in range(ROUNDS):
        began = time.perf_counter()
        with database.execute_wrapper(note):
            ask(number)
        times.append((time.perf_counter() - began) * 1000)
    read = {
        table for sql, params in statements if sql.startswith(("SELECT", "(SELECT")) for table in _scanned(sql, params)
    }
    counted = f"{median(times):>8.0f}{max(times):>8.0f}{len(statements) / ROUNDS:>9.0f}"
    return f"{label:<44}{counted}  {', '.join(sorted(read))}"


def _scanned(sql: str, params: Any) -> Iterator[str]:
    """The large tables that a statement reads from end to end."""
    with database.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", params)
        (plan,) = cursor.fetchone()
    plans = [(json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]]
    for node in plans:
        plans += node.get("Plans", [])
        if node["Node Type"] == "Seq Scan" and _size(node["Relation Name"]) > LARGE:
            yield node["Relation Name"]


def _size(table: str) -> int:
    with database.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [table])
        return int(cursor.fetchone()[0])
