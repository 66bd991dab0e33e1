"""Two workers at once on both sides' random deeds, under faults, killed with SIGKILL again and again; then quiet.

A seed repeats the deeds and faults; where the workers were when they died is chance.
"""

import os
import random
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.core.exceptions import ObjectDoesNotExist
from django.db import DatabaseError

from common.merging import NotMergeable
from common.trash import NotRestorable
from integrations.models import Connection
from tests.integrations.sync.storms import (
    DELETIONS,
    EDITS,
    Storm,
    be_impatient,
    calm,
    check,
    follow_deletions,
    join_no_accounts,
    let_time_pass,
)
from tests.integrations.sync.work import pull_and_push_for_ever
from tests.salesforce_org import Gone, Org
from tests.workers import kill, worker

pytestmark = pytest.mark.django_db(transaction=True)
DEEDS = (*EDITS, *EDITS, *DELETIONS, "merge_there", "create_lead_there", "edit_lead_there", "convert_there")


@contextmanager
def crew(org: Org, many: int = 2) -> Iterator[None]:
    """So many workers, until they are killed."""
    workers = [worker(pull_and_push_for_ever, org=org) for _ in range(many)]
    try:
        yield
    finally:
        kill(*workers)


def do(storm: Storm, deed: str) -> None:
    """What a person does to a record that a worker may take away at the same moment: they are told that it is gone."""
    try:
        storm.do(deed)
    except (ObjectDoesNotExist, NotMergeable, NotRestorable, Gone):
        pass
    except DatabaseError as error:
        if "did not affect any rows" not in str(error):
            raise


def storm_on_a_crew(org: Org, connection: Connection, rounds: int, deeds: int, seed: int) -> None:
    join_no_accounts(connection)
    follow_deletions(connection)
    chance = random.Random(seed)
    storm = Storm(org, chance)
    for _ in range(rounds):
        for _ in range(chance.randint(0, 3)):
            storm.break_something()
        org.faults(*storm.faults)
        storm.faults.clear()
        with crew(org):
            for _ in range(deeds):
                do(storm, chance.choice(DEEDS))
                time.sleep(chance.uniform(0, 0.15))
        org.faults()
        let_time_pass(org)
    calm(org)
    check(org, connection, f"seed {seed}, {rounds} rounds of {deeds} deeds")


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    be_impatient(monkeypatch)


def test_a_crew_that_is_killed_again_and_again_leaves_both_sides_equal(synced: Connection, org: Org) -> None:
    storm_on_a_crew(org, synced, 4, 20, int(os.environ.get("STORM_SEED", "1")))


@pytest.mark.long
@pytest.mark.parametrize("seed", range(300, 304))
def test_a_crew_that_is_killed_for_long_leaves_both_sides_equal(synced: Connection, org: Org, seed: int) -> None:
    storm_on_a_crew(org, synced, 25, 20, seed)
