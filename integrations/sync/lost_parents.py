"""Records that were refused because what they point at is gone there: that is followed first, and they go again."""

from collections.abc import Sequence

from integrations.models import ErrorEntry
from integrations.sync.fates import fates_of
from integrations.sync.outcomes import Item, Rejected, tried_again
from integrations.sync.provider import Provider
from integrations.sync.records import KINDS
from integrations.sync.scope import Scope
from integrations.sync.singles import pull_records

POINTS_AT_NOTHING = {"ENTITY_IS_DELETED", "INVALID_CROSS_REFERENCE_KEY"}


def follow_lost_parents(scope: Scope, items: Sequence[Item], provider: Provider) -> None:
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


def _target(item: Item, name: str) -> str:
    """The id that a refused record points at with this field; "" where it was refused for something else."""
    outcome = item.outcome
    if not isinstance(outcome, Rejected) or outcome.by != ErrorEntry.By.REMOTE:
        return ""
    return str(outcome.payload.get(name) or "") if outcome.problem.code in POINTS_AT_NOTHING else ""
