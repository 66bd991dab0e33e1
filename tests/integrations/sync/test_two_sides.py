"""Any sequence of edits, deletes, merges and conversions on both sides, pulls and pushes, under faults: once it is
quiet, both sides are equal by the rules, and nothing more is asked of the org. Hypothesis finds the sequences, and
shrinks one that fails to its shortest."""

import random
from collections.abc import Callable

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test

from integrations.models import Connection
from tests.integrations.sync.storms import (
    Storm,
    be_impatient,
    calm,
    check,
    follow_deletions,
    join_no_accounts,
)
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db
HERE = ("create_here", "edit_here", "delete_here", "restore_here", "merge_here")
THERE = ("create_there", "edit_there", "delete_there", "undelete_there", "merge_there")
LEADS = ("create_lead_there", "edit_lead_there", "delete_lead_there", "convert_there")
CHANCE = st.randoms(use_true_random=False)


def machine(org: Org, connection: Connection) -> type[RuleBasedStateMachine]:
    """Each example starts from the same state of both sides."""

    class TwoSides(RuleBasedStateMachine):
        def __init__(self) -> None:
            super().__init__()
            self.savepoint = transaction.atomic()
            self.savepoint.__enter__()
            org.reset()
            self.storm = Storm(org, random.Random(0))

        def teardown(self) -> None:
            try:
                calm(org)
                check(org, connection)
            finally:
                transaction.set_rollback(True)
                self.savepoint.__exit__(None, None, None)

        def _do(self, deed: str, chance: random.Random) -> None:
            self.storm.chance = chance
            self.storm.do(deed)

        @rule(deed=st.sampled_from(HERE), chance=CHANCE)
        def here(self, deed: str, chance: random.Random) -> None:
            self._do(deed, chance)

        @rule(deed=st.sampled_from(THERE), chance=CHANCE)
        def there(self, deed: str, chance: random.Random) -> None:
            self._do(deed, chance)

        @rule(deed=st.sampled_from(LEADS), chance=CHANCE)
        def with_leads(self, deed: str, chance: random.Random) -> None:
            self._do(deed, chance)

        @rule(chance=CHANCE)
        def break_something(self, chance: random.Random) -> None:
            self._do("break_something", chance)

        @rule()
        def pull(self) -> None:
            self.storm.pull()

        @rule()
        def push(self) -> None:
            self.storm.push()

    return TwoSides


@pytest.fixture
def equal_after(org: Org, synced: Connection, monkeypatch: pytest.MonkeyPatch) -> Callable[[int, int], None]:
    """Runs as many examples of as many steps."""
    join_no_accounts(synced)
    follow_deletions(synced)
    be_impatient(monkeypatch)

    def run(examples: int, steps: int) -> None:
        run_state_machine_as_test(
            machine(org, synced),
            settings=settings(
                max_examples=examples,
                stateful_step_count=steps,
                deadline=None,
                derandomize=True,
                database=None,
                print_blob=True,
                suppress_health_check=list(HealthCheck),
                phases=[Phase.generate],
            ),
        )

    return run


def test_two_sides_become_equal(equal_after: Callable[[int, int], None]) -> None:
    equal_after(15, 20)


@pytest.mark.long
def test_two_sides_become_equal_after_long_sequences(equal_after: Callable[[int, int], None]) -> None:
    equal_after(15, 50)
