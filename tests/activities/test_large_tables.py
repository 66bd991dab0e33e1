"""Questions to tables of millions of rows are answered by indexes."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import connection as database

from activities.mail import matching
from common.bulk import copy_columns
from integrations.models import Connection, RecordLink
from integrations.sync.activities.scope import ActivityScope

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
