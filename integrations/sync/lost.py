"""Records that were refused because they, or what they point at, are gone there: that is found out before a person is
asked, and they go again.
"""

from collections.abc import Sequence
from typing import TypeGuard

from integrations.models import ErrorEntry
from integrations.sync.fates import fates_of
from integrations.sync.mapping import Problem
from integrations.sync.outcomes import Item, Outcome, Rejected, tried_again
from integrations.sync.provider import Provider
from integrations.sync.records import KINDS
from integrations.sync.scope import Scope
from integrations.sync.singles import pull_records

POINTS_AT_NOTHING = {"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"}
TRIES = 2  # comparisons tell whether it is gone; if they don't, a person looks
GONE = {"ENTITY_IS_DELETED", "CANNOT_UPDATE_CONVERTED_LEAD"}  # what is said of the record itself


def follow_lost(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    _follow_lost_parents(scope, items, provider)
    _compare_again(scope, items)


def _follow_lost_parents(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Merged or deleted accounts and the like are brought up to date here before their children are tried again."""
    for pair in scope.references:
        refused = [item for item in items if _target(item, pair.name)]
        remote_object = next((name for name in pair.remote.references if KINDS.get(name) == pair.field.reference), "")
        ids = sorted({_target(item, pair.name) for item in refused})
        if not ids or not remote_object:
            continue
        fates = fates_of(remote_object, ids, provider)
        gone = [remote_id for remote_id, fate in fates.items() if fate.is_deleted or fate.merged_into]
        if gone:
            pull_records(Scope.load(scope.connection, remote_object), gone, provider)
        for item in (item for item in refused if _target(item, pair.name) in gone):
            assert isinstance(item.outcome, Rejected), "only refused ones have a target here"
            problem = item.outcome.problem
            item.outcome = tried_again(item.row, problem.code, problem.message, item.outcome.payload)


def _compare_again(scope: Scope, items: Sequence[Item]) -> None:
    """What was there when it was read, and gone when it was sent, is looked up by its next comparison."""
    for item in items:
        outcome, is_early = item.outcome, item.row.attempts <= TRIES
        if item.link and is_early and _was_refused(outcome) and _is_gone(scope, item, outcome.problem):
            problem = outcome.problem
            item.outcome = tried_again(item.row, problem.code, problem.message, outcome.payload)


def _is_gone(scope: Scope, item: Item, problem: Problem) -> bool:
    """Whether it is the record itself that is gone, and nothing that it points at."""
    points_at_something = any(_target(item, pair.name) for pair in scope.references)
    is_erased = problem.code in POINTS_AT_NOTHING and not points_at_something
    return not problem.field and (problem.code in GONE or is_erased)


def _target(item: Item, name: str) -> str:
    """The id that a refused record points at with this field; "" where it was refused for something else."""
    outcome = item.outcome
    if not _was_refused(outcome) or outcome.problem.code not in POINTS_AT_NOTHING:
        return ""
    return str(outcome.payload.get(name) or "")


def _was_refused(outcome: Outcome | None) -> TypeGuard[Rejected]:
    return isinstance(outcome, Rejected) and outcome.by == ErrorEntry.By.REMOTE
