"""Conditions under which a rule is asked at all."""

from collections.abc import Callable

from localorg.formulas import EvaluationError, Record

Condition = Callable[[Record], bool]


def holds(condition: Condition | None, record: Record) -> bool:
    """No condition always holds; one that has no result for the record never does."""
    try:
        return condition is None or condition(record)
    except EvaluationError:
        return False
