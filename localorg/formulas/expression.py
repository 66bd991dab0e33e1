"""A part of a formula that is ready to run."""

from collections.abc import Callable
from dataclasses import dataclass

from localorg.formulas.errors import FormulaError
from localorg.formulas.kinds import Kind, Value
from localorg.formulas.record import Record


@dataclass(frozen=True, slots=True)
class Expression:
    """``literal``: the constant that it is; ``name``: the field that it is."""

    kind: Kind
    run: Callable[[Record], Value]
    literal: Value = None
    name: str = ""


def wrong_number(function: str, expected: int, given: int) -> FormulaError:
    return FormulaError(
        f"Incorrect number of parameters for function '{function}()'. Expected {expected}, received {given}"
    )


def wrong_type(function: str, expected: str, given: Expression) -> FormulaError:
    """Picklists get their own words when they stand where text could."""
    if given.kind is Kind.PICKLIST and given.name:
        return FormulaError(
            f"Field {given.name} is a picklist field. Picklist fields are only supported in certain functions."
        )
    what = f"function '{function}()'" if function[0].isalpha() else f"operator '{function}'"
    return FormulaError(f"Incorrect parameter type for {what}. Expected {expected}, received {given.kind.value}")
