"""Functions and operators that work on the values of their arguments."""

from localorg.formulas.errors import FormulaError
from localorg.formulas.expression import Expression, wrong_number, wrong_type
from localorg.formulas.kinds import Value, common
from localorg.formulas.library import dates, numbers, operators, text
from localorg.formulas.library.signature import Signature, Signatures
from localorg.formulas.record import Record

FUNCTIONS: Signatures = operators.FUNCTIONS | numbers.FUNCTIONS | text.FUNCTIONS | dates.FUNCTIONS


def call(name: str, arguments: tuple[Expression, ...]) -> Expression:
    """Raises FormulaError for an unknown function, or arguments that it does not take."""
    known = FUNCTIONS.get(name)
    if known is None:
        raise FormulaError(f"Unknown function {name}. Check spelling.")
    sized = [signature for signature in known if signature.takes(len(arguments))]
    if not sized:
        raise wrong_number(name, len(known[0].parameters), len(arguments))
    return _expression(_fitting(name, sized, arguments), arguments)


def _fitting(name: str, signatures: list[Signature], arguments: tuple[Expression, ...]) -> Signature:
    """The signature for these types; the first argument that fits none of those left is to blame."""
    for position, argument in enumerate(arguments):
        left = [s for s in signatures if common(s.kind_at(position), argument.kind)]
        if not left:
            expected = dict.fromkeys(s.kind_at(position).value for s in signatures)
            raise wrong_type(name, ", ".join(expected), argument)
        signatures = left
    return signatures[0]


def _expression(signature: Signature, arguments: tuple[Expression, ...]) -> Expression:
    if signature.at_now:
        return Expression(signature.result, lambda record: signature.run(record.source.now))
    runs = [argument.run for argument in arguments]

    def run(record: Record) -> Value:
        values = [each(record) for each in runs]
        if None in values and not signature.blanks:
            return None
        result: Value = signature.run(*values)
        return None if result == "" else result

    return Expression(signature.result, run)
