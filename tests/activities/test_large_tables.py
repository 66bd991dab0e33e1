"""Questions to tables of millions of rows are answered by indexes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection as database
from django.test import RequestFactory
from django.utils import timezone

from activities.mail import matching
from activities.models import Activity
from activities.tables import ACTIVITIES
from common.bulk import copy_columns
from common.erasing import records_erasing
from common.paging import paged
from contacts.models import Contact
from integrations.models import Connection, RecordLink
from integrations.sync.activities.scope import ActivityScope
from tests.factories import ContactFactory
from users.models import User

pytestmark = pytest.mark.django_db
IDS = [f"003Tb{number:010}AAA" for number in range(200)]


@contextmanager
def plans() -> Iterator[list[str]]:
    """How PostgreSQL answers what is asked, if it can avoid to read tables from end to end."""
    found: list[str] = []

    def explain(execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        with database.wrap_database_errors, database.connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN {sql}", params)
            found.append("\n".join(line for (line,) in cursor.fetchall()))
        return execute(sql, params, many, context)

    with database.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
    with database.execute_wrapper(explain):
        yield found


def test_whose_addresses_are_in_a_page_of_e_mails() -> None:
    with plans() as found:
        matching.people_by_address([f"{one}@mail.example" for one in IDS], None)

    assert len(found) == 1
    assert "BitmapOr" in found[0]


def test_whom_the_tasks_of_a_page_hang_on(connection: Connection) -> None:
    scope, ids = ActivityScope.load(connection, "Task"), range(20_000)
    columns = {"record_id": ids, "remote_id": [f"003Tb{number:010}AAA" for number in ids]}
    copy_columns(RecordLink, columns, connection_id=connection.pk, record_kind="contact", remote_object="Contact")
    with database.cursor() as cursor:
        cursor.execute("ANALYZE integrations_recordlink")
    with plans() as found:
        scope.vocabulary((), [{"WhoId": one, "WhatId": None} for one in IDS])

    of_links = [one for one in found if "integrations_recordlink" in one]
    assert of_links
    assert "BitmapOr" in "".join(of_links)


def test_what_is_not_in_salesforce_is_listed_and_counted_from_an_index_of_its_own(kim: User) -> None:
    contact = ContactFactory()
    columns = {"crm_id": [f"00T{one:015}" for one in range(5_000)], "subject": [""] * 5_000}
    values = {"kind": "note", "contact_id": contact.pk, "happened_at": timezone.now(), "body": "", "priority": "normal"}
    copy_columns(Activity, columns, **values)
    request: Any = RequestFactory().get("/activities/?synced=no")
    request.user = kim
    with database.cursor() as cursor:
        cursor.execute("ANALYZE activities_activity")
    with plans() as found:
        paged(ACTIVITIES.filters(request.GET, ACTIVITIES.rows(kim), request=request).qs, request, ACTIVITIES.orders)

    of_activities = [one for one in found if "activities_activity" in one]
    assert len(of_activities) >= 2
    assert all("activity_not_in_crm" in one for one in of_activities), of_activities


def test_where_else_an_erased_person_is_named_is_looked_up_by_address() -> None:
    ann = ContactFactory(email="ann@acme.example")
    with plans() as found:
        records_erasing.send(sender=Contact, ids=[ann.pk], names=[])

    of_participants = [one for one in found if "activities_participant" in one]
    assert of_participants
    assert all("participants_by_address" in one and "takes_part_in" in one for one in of_participants), of_participants
