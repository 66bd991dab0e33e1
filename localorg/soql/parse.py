"""Text of a query -> tree."""

from functools import lru_cache
from pathlib import Path as File
from typing import Any, cast

from lark import Lark, Token, Transformer
from lark.exceptions import UnexpectedCharacters, UnexpectedToken

from localorg.errors import Refused, refuse
from localorg.soql import tree

LONGEST = 100_000  # characters
KINDS = {"STRING": "string", "NUMBER": "number", "INT": "number", "DATETIME": "datetime", "DATE": "date"}

Parts = list[Any]
Clause = dict[str, Any]


def parse(text: str) -> tree.Query:
    """The tree of a query. Raises Refused with MALFORMED_QUERY."""
    if not text.strip():
        raise refuse("MALFORMED_QUERY", "SOQL statements cannot be empty or null")
    if len(text) > LONGEST:
        raise refuse("MALFORMED_QUERY", f"SOQL statements cannot be longer than {LONGEST} characters.")
    try:
        return _parse(text)
    except UnexpectedToken as error:
        raise _unexpected(_culprit(text, error)) from None
    except UnexpectedCharacters as error:
        raise _unexpected_character(text, error.pos_in_stream or 0) from None


@lru_cache(maxsize=512)
def _parse(text: str) -> tree.Query:
    return cast(tree.Query, _PARSER.parse(text))  # not lark's tree but what the transformer made of it


def _culprit(text: str, error: UnexpectedToken) -> str:
    """The word to blame: in "SELECT Id FORM Account" FORM was taken for an alias, and what follows is innocent."""
    before = text[: error.pos_in_stream].split()
    if error.token.type == "NAME" and "_FROM" in error.expected and before:
        return before[-1]
    return error.token or "<EOF>"


def _unexpected(token: str) -> Refused:
    return refuse("MALFORMED_QUERY", f"unexpected token: '{token}'")


def _unexpected_character(text: str, position: int) -> Refused:
    if text[position] == "'":
        return refuse("MALFORMED_QUERY", f"line 1:{len(text)} mismatched character '<EOF>' expecting '''")
    word = text[position:].split(None, 1)[0]
    return _unexpected(word if word.isidentifier() else text[position])


class _Tree(Transformer[Token, Any]):
    """Bottom-up: each method gets what became of its parts."""

    def start(self, parts: Parts) -> tree.Query:
        query: tree.Query = parts[0]
        return query

    def query(self, parts: Parts) -> tree.Query:
        clauses: Clause = {}
        for part in parts:
            clauses |= part or {}
        return tree.Query(**clauses)

    def select_list(self, parts: Parts) -> Clause:
        return {"columns": tuple(parts)}

    def column(self, parts: Parts) -> tree.Column:
        return tree.Column(parts[0], str(parts[1]) if parts[1] else None)

    def typeof(self, parts: Parts) -> tree.Typeof:
        relationship, *branches, otherwise = parts
        return tree.Typeof(str(relationship), tuple(branches), otherwise or (), relationship.start_pos)

    def when(self, parts: Parts) -> tuple[str, tuple[tree.Path, ...]]:
        return str(parts[0]), parts[1]

    def paths(self, parts: Parts) -> tuple[tree.Path, ...]:
        return tuple(parts)

    def path(self, parts: Parts) -> tree.Path:
        return tree.Path(tuple(str(p) for p in parts), parts[0].start_pos)

    def function(self, parts: Parts) -> tree.Function:
        name, *arguments = parts
        return tree.Function(str(name), tuple(a for a in arguments if a is not None), name.start_pos)

    def sources(self, parts: Parts) -> Clause:
        source, *joins = parts
        return {**source, "joins": tuple(joins)}

    def join(self, parts: Parts) -> tuple[tree.Path, str]:
        return parts[0], str(parts[1])

    def source(self, parts: Parts) -> Clause:
        name, alias = parts
        return {"source": str(name), "source_position": name.start_pos, "alias": str(alias) if alias else None}

    def where(self, parts: Parts) -> Clause:
        return {"where": parts[0]}

    def group(self, parts: Parts) -> Clause:
        return {"group": tuple(parts)}

    def having(self, parts: Parts) -> Clause:
        return {"having": parts[0]}

    def order(self, parts: Parts) -> Clause:
        return {"order": tuple(parts)}

    def order_item(self, parts: Parts) -> tree.Order:
        words = {part.type for part in parts[1:] if part}
        return tree.Order(parts[0], "DESC" in words, "LAST" in words)

    def limit(self, parts: Parts) -> Clause:
        return {"limit": int(parts[0])}

    def offset(self, parts: Parts) -> Clause:
        return {"offset": int(parts[0])}

    def scope(self, parts: Parts) -> Clause:
        return {"scope": _word(parts[0])}

    def security(self, parts: Parts) -> Clause:
        return {"security": _word(parts[0])}

    def purpose(self, parts: Parts) -> Clause:
        return {"purpose": tuple(_word(part) for part in parts)}

    def all_of(self, parts: Parts) -> tree.Chain:
        return tree.Chain("AND", tuple(parts))

    def any_of(self, parts: Parts) -> tree.Chain:
        return tree.Chain("OR", tuple(parts))

    def negation(self, parts: Parts) -> tree.Negation:
        return tree.Negation(parts[0])

    def compare(self, parts: Parts) -> tree.Compare:
        operand, operator, value = parts
        return tree.Compare(operand, operator.upper().replace("<>", "!="), value)

    def within(self, parts: Parts) -> tree.Within:
        return tree.Within(parts[0], parts[1].upper(), parts[2])

    def outside(self, parts: Parts) -> tree.Within:
        return tree.Within(parts[0], "NOT IN", parts[2])

    def semi_join(self, parts: Parts) -> tree.SemiJoin:
        return tree.SemiJoin(parts[0], False, parts[2])

    def anti_join(self, parts: Parts) -> tree.SemiJoin:
        return tree.SemiJoin(parts[0], True, parts[2])

    def list(self, parts: Parts) -> tuple[tree.Literal, ...]:
        return tuple(parts)

    def value(self, parts: Parts) -> tree.Literal:
        token = parts[0]
        return tree.Literal(KINDS.get(token.type, token.type.lower()), str(token), token.start_pos)


def _word(token: Token) -> tree.Word:
    return tree.Word(str(token), token.start_pos or 0)


_PARSER = Lark(
    (File(__file__).parent / "grammar.lark").read_text(encoding="utf-8"),
    parser="lalr",
    lexer="contextual",
    transformer=_Tree(),
    maybe_placeholders=True,
)
