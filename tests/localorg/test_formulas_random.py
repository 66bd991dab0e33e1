"""Random formulas give what a second, much simpler evaluator gives.

It knows no types and no grammar: it works on the nested tuples that the formulas were written from, in fractions.
"""

from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from localorg import schema
from localorg.formulas import EvaluationError, FormulaError, Record, compile_formula, condition

from tests.localorg.test_formulas import Rows

SCHEMA = schema.load()
Tree = tuple[Any, ...]

NUMBERS = {"Amount": 12.5, "Probability": 25.0, "TotalOpportunityQuantity": None}
TEXTS = {"Name": "Deal", "NextStep": None, "Account.Name": None}
PICKLISTS = {"StageName": "Closed Won", "Type": None}
ROW = NUMBERS | {"Name": "Deal", "NextStep": None, "AccountId": None, "IsPrivate": 1} | PICKLISTS


def number(inner: dict[str, st.SearchStrategy[Tree]]) -> st.SearchStrategy[Tree]:
    both = st.tuples(inner["number"], inner["number"])
    return st.one_of(
        st.integers(-9, 99).map(lambda n: ("constant", n)),
        st.sampled_from(sorted(NUMBERS)).map(lambda name: ("field", name)),
        st.tuples(st.sampled_from("+-*"), both).map(lambda t: (t[0], *t[1])),
        inner["number"].map(lambda n: ("/", n, ("constant", 4))),  # quotients that decimals can show
        inner["number"].map(lambda n: ("ABS", n)),
        inner["number"].map(lambda n: ("FLOOR", n)),
        both.map(lambda pair: ("MAX", *pair)),
        inner["text"].map(lambda t: ("LEN", t)),
        st.tuples(inner["truth"], both).map(lambda t: ("IF", t[0], *t[1])),
        both.map(lambda pair: ("BLANKVALUE", *pair)),
        st.tuples(inner["number"], both).map(lambda t: ("CASE", t[0], ("constant", 7), *t[1])),
    )


def text(inner: dict[str, st.SearchStrategy[Tree]]) -> st.SearchStrategy[Tree]:
    both = st.tuples(inner["text"], inner["text"])
    return st.one_of(
        st.text("abD ", max_size=3).map(lambda t: ("constant", t)),
        st.sampled_from(sorted(TEXTS)).map(lambda name: ("field", name)),
        both.map(lambda pair: ("&", *pair)),
        inner["text"].map(lambda t: ("UPPER", t)),
        st.tuples(inner["text"], st.integers(0, 4)).map(lambda t: ("LEFT", t[0], ("constant", t[1]))),
        st.tuples(inner["truth"], both).map(lambda t: ("IF", t[0], *t[1])),
    )


def truth(inner: dict[str, st.SearchStrategy[Tree]]) -> st.SearchStrategy[Tree]:
    numbers, texts = (st.tuples(inner[kind], inner[kind]) for kind in ("number", "text"))
    truths = st.tuples(inner["truth"], inner["truth"])
    return st.one_of(
        st.booleans().map(lambda b: ("constant", b)),
        st.just(("field", "IsPrivate")),
        st.tuples(st.sampled_from(["<", "<=", ">", ">=", "=", "<>"]), numbers).map(lambda t: (t[0], *t[1])),
        st.tuples(st.sampled_from(["=", "<>", "CONTAINS", "BEGINS"]), texts).map(lambda t: (t[0], *t[1])),
        st.tuples(st.sampled_from(["AND", "OR", "&&", "||"]), truths).map(lambda t: (t[0], *t[1])),
        inner["truth"].map(lambda b: ("NOT", b)),
        st.one_of(inner["number"], inner["text"]).map(lambda n: ("ISBLANK", n)),
        st.tuples(st.sampled_from(sorted(PICKLISTS)), st.sampled_from(["closed won", "", "x"])).map(
            lambda t: ("ISPICKVAL", ("field", t[0]), ("constant", t[1]))
        ),
    )


inner: dict[str, st.SearchStrategy[Tree]] = {}
KINDS: dict[str, Callable[[dict[str, st.SearchStrategy[Tree]]], st.SearchStrategy[Tree]]] = {
    "number": number,
    "text": text,
    "truth": truth,
}
for kind, make in KINDS.items():
    inner[kind] = st.deferred(lambda make=make: make(inner))


def written(tree: Tree) -> str:
    match tree:
        case ("constant", bool() as value):
            return str(value).upper()
        case ("constant", str() as value):
            return f'"{value}"'
        case ("constant", value):
            return f"({value})"
        case ("field", name):
            return str(name)
        case (sign, one, other) if not sign[0].isalpha():
            return f"({written(one)} {sign} {written(other)})"
    return f"{tree[0]}({', '.join(written(part) for part in tree[1:])})"


def expected(tree: Tree) -> Any:
    match tree:
        case ("constant", bool() as value):
            return value
        case ("constant", int() as value):
            return Fraction(value)
        case ("constant", value):
            return value or None
        case ("field", "IsPrivate"):
            return True
        case ("field", name):
            return field(name)
        case ("AND" | "&&", *parts):
            return all(expected(part) is True for part in parts)
        case ("OR" | "||", *parts):
            return any(expected(part) is True for part in parts)
        case ("IF", test, then, otherwise):
            return expected(then if expected(test) is True else otherwise)
    return applied(tree[0], *(expected(part) for part in tree[1:]))


def field(name: str) -> Any:
    stored = (NUMBERS | TEXTS | PICKLISTS)[name]
    return Fraction(stored) / (100 if name == "Probability" else 1) if isinstance(stored, float) else stored


def applied(name: str, one: Any, other: Any = None, *rest: Any) -> Any:
    is_text = isinstance(one, str) or isinstance(other, str)
    match name:
        case "&":
            return (one or "") + (other or "") or None
        case "LEN":
            return Fraction(len(one or ""))
        case "ISBLANK":
            return one is None
        case "ISPICKVAL":
            return (one or "").lower() == (other or "").lower()
        case "BLANKVALUE":
            return other if one is None else one
        case "CASE":
            return rest[0] if one == other else rest[1]
        case "CONTAINS":
            return (other or "") in (one or "")
        case "BEGINS":
            return True if other is None else one and one.startswith(other)
        case "NOT" | "ABS" | "FLOOR" | "UPPER":
            return None if one is None else ALONE[name](one)
        case "=" | "<>" if is_text:
            return (one == other) == (name == "=")
        case "LEFT":
            return None if one is None else one[: int(other)] or None
    return None if one is None or other is None else TOGETHER[name](one, other)


ALONE: dict[str, Callable[[Any], Any]] = {
    "NOT": lambda one: not one,
    "ABS": abs,
    "FLOOR": lambda one: Fraction(int(one)),  # towards zero
    "UPPER": str.upper,
}
TOGETHER: dict[str, Callable[[Any, Any], Any]] = {
    "+": lambda one, other: one + other,
    "-": lambda one, other: one - other,
    "*": lambda one, other: one * other,
    "/": lambda one, other: one / other,
    "MAX": max,
    "<": lambda one, other: one < other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    ">=": lambda one, other: one >= other,
    "=": lambda one, other: one == other,
    "<>": lambda one, other: one != other,
}


def blank_texts(tree: Tree) -> bool:
    """Whether two blank texts are compared: the second evaluator cannot tell them from blank numbers."""
    if tree[0] in ("constant", "field"):
        return False
    if tree[0] in ("=", "<>") and expected(tree[1]) is None and expected(tree[2]) is None:
        return True
    return any(blank_texts(part) for part in tree[1:])


@settings(max_examples=200, deadline=None)
@given(st.one_of(*inner.values()).filter(lambda tree: not blank_texts(tree)))
def test_two_evaluators_agree(tree: Tree) -> None:
    formula = written(tree)
    if len(formula) > 3900:
        return
    found = compile_formula(formula, SCHEMA, SCHEMA["Opportunity"]).run(Record(Rows(), ROW))

    assert (Fraction(found) if isinstance(found, Decimal) else found) == expected(tree)


WORDS = [
    *"()+-*/^&=<>!,'\"é",
    "<>",
    "&&",
    "||",
    "AND(",
    "OR(",
    "NOT",
    "IF(",
    "CASE(",
    "TEXT(",
    "DATE(",
    "LEFT(",
    "/*",
    "*/",
]
WORDS += [
    "Amount",
    "StageName",
    "Name",
    "Account.Name",
    "$User.Id",
    "CloseDate",
    "TODAY()",
    "REGEX(",
    '"["',
    "\\",
    "\n",
]
WORDS += ["NULL", "TRUE", "1", "0", "9999", '"a"']


@settings(max_examples=150, deadline=None)
@given(st.one_of(st.lists(st.sampled_from(WORDS), max_size=12).map(" ".join), st.text(max_size=30)))
def test_whatever_is_written_is_a_formula_or_a_complaint(text: str) -> None:
    with suppress(FormulaError, EvaluationError):
        compile_formula(text, SCHEMA, SCHEMA["Opportunity"]).run(Record(Rows(), ROW | {"CloseDate": "2026-03-01"}))


@given(st.sampled_from(["-", "NOT ", "!", "(", "IF(TRUE,"]), st.integers(0, 3900))
@settings(max_examples=20, deadline=None)
def test_no_depth_is_too_deep(opening: str, depth: int) -> None:
    with suppress(FormulaError, EvaluationError):
        condition((opening * depth)[:3890] + "TRUE", SCHEMA, SCHEMA["Opportunity"])(Record(Rows(), ROW))
