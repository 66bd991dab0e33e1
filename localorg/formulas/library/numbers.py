"""Arithmetic: decimal, forty digits, halves rounded up, as in the databases that Salesforce runs on."""

import math
from collections.abc import Callable
from decimal import (
    ROUND_CEILING,
    ROUND_DOWN,
    ROUND_FLOOR,
    ROUND_HALF_UP,
    ROUND_UP,
    Context,
    Decimal,
    DecimalException,
    DivisionByZero,
)
from typing import ParamSpec

from localorg.formulas.errors import EvaluationError
from localorg.formulas.library.signature import NUMBER, Signature, Signatures

P = ParamSpec("P")

LARGEST_POWER = Decimal(10) ** 64
MOST_PLACES = 40
ONE, TWO = (NUMBER,), (NUMBER, NUMBER)
_CONTEXT = Context(prec=40, rounding=ROUND_HALF_UP, Emax=999, Emin=-999)


def guarded(run: Callable[P, Decimal]) -> Callable[P, Decimal]:
    """Decimal's complaints as ours."""

    def guard(*arguments: P.args, **named: P.kwargs) -> Decimal:
        try:
            return run(*arguments, **named)
        except DivisionByZero:
            raise EvaluationError("Division by zero") from None
        except (DecimalException, ValueError, OverflowError):
            raise EvaluationError("Numeric overflow") from None

    return guard


@guarded
def add(one: Decimal, other: Decimal) -> Decimal:
    return _CONTEXT.add(one, other)


@guarded
def subtract(one: Decimal, other: Decimal) -> Decimal:
    return _CONTEXT.subtract(one, other)


@guarded
def multiply(one: Decimal, other: Decimal) -> Decimal:
    return _CONTEXT.multiply(one, other)


@guarded
def divide(one: Decimal, other: Decimal) -> Decimal:
    if not other:
        raise EvaluationError("Division by zero")
    return _CONTEXT.divide(one, other)


@guarded
def power(base: Decimal, exponent: Decimal) -> Decimal:
    """Of whole exponents only; roots are SQRT's."""
    if exponent != exponent.to_integral_value():
        raise EvaluationError("Exponent must be a whole number")
    if not exponent:
        return Decimal(1)
    if not base and exponent < 0:
        raise EvaluationError("Division by zero")
    result = _CONTEXT.power(base, exponent)
    if abs(result) > LARGEST_POWER:
        raise EvaluationError("Numeric overflow")
    return result


def _rounded(mode: str) -> Callable[..., Decimal]:
    @guarded
    def run(number: Decimal, places: Decimal = Decimal(0)) -> Decimal:
        return number.quantize(Decimal(1).scaleb(-_places(places)), mode, _CONTEXT)

    return run


def _places(places: Decimal) -> int:
    return max(-MOST_PLACES, min(MOST_PLACES, int(places)))


@guarded
def _mod(number: Decimal, divisor: Decimal) -> Decimal:
    """Modulo zero is the number itself."""
    return _CONTEXT.remainder(number, divisor) if divisor else number


@guarded
def _root(number: Decimal) -> Decimal:
    return Decimal(repr(math.sqrt(number)))


def _by_float(run: Callable[[float], float]) -> Callable[[Decimal], Decimal]:
    return guarded(lambda number: Decimal(repr(run(float(number)))))


FUNCTIONS: Signatures = {
    "ABS": (Signature(ONE, NUMBER, abs),),
    "CEILING": (Signature(ONE, NUMBER, _rounded(ROUND_UP)),),  # away from zero
    "FLOOR": (Signature(ONE, NUMBER, _rounded(ROUND_DOWN)),),  # towards zero
    "MCEILING": (Signature(ONE, NUMBER, _rounded(ROUND_CEILING)),),
    "MFLOOR": (Signature(ONE, NUMBER, _rounded(ROUND_FLOOR)),),
    "ROUND": (Signature(TWO, NUMBER, _rounded(ROUND_HALF_UP)),),
    "TRUNC": (Signature(TWO, NUMBER, _rounded(ROUND_DOWN)),),
    "MOD": (Signature(TWO, NUMBER, _mod),),
    "MAX": (Signature(TWO, NUMBER, max, optional=1, rest=True),),
    "MIN": (Signature(TWO, NUMBER, min, optional=1, rest=True),),
    "SQRT": (Signature(ONE, NUMBER, _root),),
    "EXP": (Signature(ONE, NUMBER, _by_float(math.exp)),),
    "LN": (Signature(ONE, NUMBER, _by_float(math.log)),),
    "LOG": (Signature(ONE, NUMBER, _by_float(math.log10)),),
    "PI": (Signature((), NUMBER, lambda: Decimal(repr(math.pi))),),
}
