"""A formula -> a function of a record. Types are checked here, once, as the formula editor does when it saves."""

from collections.abc import Callable
from dataclasses import dataclass

from localorg.formulas import library, names, special
from localorg.formulas.errors import EvaluationError, FormulaError
from localorg.formulas.expression import Expression
from localorg.formulas.kinds import Kind, Value
from localorg.formulas.parsing import parse
from localorg.formulas.record import Record
from localorg.formulas.tree import Call, Constant, Name, Node
from localorg.schema import Schema, SObject

CONSTANTS = {str: Kind.TEXT, bool: Kind.BOOLEAN, type(None): Kind.NULL}


@dataclass(frozen=True, slots=True)
class Compiler:
    schema: Schema
    sobject: SObject

    def compile(self, node: Node) -> Expression:
        """Raises FormulaError."""
        match node:
            case Constant(value):
                kept: Value = value or None if isinstance(value, str) else value
                return Expression(CONSTANTS.get(type(value), Kind.NUMBER), lambda _: kept, literal=value)
            case Name(text):
                kind, read = names.resolve(self.schema, self.sobject, text)
                return Expression(kind, read, name=text)
            case Call(name, arguments):
                return self._call(name, arguments)

    def _call(self, name: str, arguments: tuple[Node, ...]) -> Expression:
        compiled = tuple(self.compile(argument) for argument in arguments)
        if name in special.FUNCTIONS:
            return special.FUNCTIONS[name](self.sobject, compiled)
        return library.call(name, compiled)


def compile_formula(text: str, schema: Schema, sobject: SObject) -> Expression:
    """Raises FormulaError, in the editor's words."""
    try:
        return Compiler(schema, sobject).compile(parse(text))
    except RecursionError:
        raise FormulaError("Compiled formula is too big to execute") from None


def condition(text: str, schema: Schema, sobject: SObject) -> Callable[[Record], bool]:
    """A formula that must be true or false; blank counts as false. Calling it may raise EvaluationError."""
    compiled = compile_formula(text, schema, sobject)
    if compiled.kind not in (Kind.BOOLEAN, Kind.NULL):
        shown = compiled.kind.value
        raise FormulaError(
            f"Formula result is data type ({shown}), incompatible with expected data type (true or false)."
        )

    def holds(record: Record) -> bool:
        try:
            return compiled.run(record) is True
        except RecursionError:
            raise EvaluationError("Formula is too complex") from None

    return holds
