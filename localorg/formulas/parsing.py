"""Text of a formula -> tree."""

import re
from decimal import Decimal
from pathlib import Path
from typing import cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedInput, UnexpectedToken

from localorg.formulas.errors import FormulaError
from localorg.formulas.tree import Call, Constant, Name, Node

LONGEST = 3900  # characters
_ESCAPED = re.compile(r'\\([\\"])')  # of the nine escapes that are allowed only these two mean anything


def parse(text: str) -> Node:
    """Raises FormulaError."""
    if len(text) > LONGEST:
        raise FormulaError(f"Formula is too long ({len(text):,} characters). Maximum length is {LONGEST:,} characters")
    if not text.strip():
        raise FormulaError("Syntax error")
    try:
        return cast(Node, _PARSER.parse(text))  # not lark's tree but what the transformer made of it
    except UnexpectedInput as error:
        raise FormulaError(_complaint(text, error)) from None


def _complaint(text: str, error: UnexpectedInput) -> str:
    if isinstance(error, UnexpectedToken) and error.token.type == "$END":
        return "Syntax error. Missing ')'" if text.count("(") > text.count(")") else "Syntax error"
    if isinstance(error, UnexpectedToken):
        word = "Extra" if error.token in (",", ")") else "Found"
        return f"Syntax error. {word} '{error.token}'"
    position = error.pos_in_stream if isinstance(error, UnexpectedCharacters) else 0
    return f"Syntax error. Found '{text[position or 0]}'"


class _Tree(Transformer[Token, Node]):
    """Bottom-up: each method gets what became of its parts."""

    def start(self, parts: list[Node]) -> Node:
        return parts[0]

    def number(self, parts: list[Token]) -> Node:
        return Constant(Decimal(parts[0]))

    def string(self, parts: list[Token]) -> Node:
        return Constant(_ESCAPED.sub(r"\1", parts[0][1:-1]))

    def true(self, _: list[Token]) -> Node:
        return Constant(True)

    def false(self, _: list[Token]) -> Node:
        return Constant(False)

    def null(self, _: list[Token]) -> Node:
        return Constant(None)

    def name(self, parts: list[Token]) -> Node:
        return Name(str(parts[0]))

    def call(self, parts: list[Token | Node]) -> Node:
        arguments = tuple(part for part in parts[1:] if part is not None)
        return Call(str(parts[0]).upper(), cast(tuple[Node, ...], arguments))

    def call_or(self, parts: list[Node]) -> Node:
        return Call("OR", tuple(parts))

    def call_and(self, parts: list[Node]) -> Node:
        return Call("AND", tuple(parts))

    def infix(self, parts: list[Token | Node]) -> Node:
        left, sign, right = cast(tuple[Node, Token, Node], tuple(parts))
        return Call({"==": "=", "!=": "<>"}.get(sign, str(sign)), (left, right))

    def sign(self, parts: list[Token | Node]) -> Node:
        sign, operand = cast(tuple[Token, Node], tuple(parts))
        return Call(str(sign), (operand,))

    def negation(self, parts: list[Node]) -> Node:
        return Call("NOT", tuple(parts))


_PARSER = Lark(
    Path(__file__).with_name("grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    maybe_placeholders=False,
    transformer=_Tree(),
)
