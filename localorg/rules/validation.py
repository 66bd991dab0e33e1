"""Validation rules: formulas that are true for what must not be saved."""

from dataclasses import dataclass

from localorg.errors import Problem, RecordRefused
from localorg.formulas import EvaluationError, Record
from localorg.rules.conditions import Condition

CODE = "FIELD_CUSTOM_VALIDATION_EXCEPTION"


@dataclass(frozen=True, slots=True)
class ValidationRule:
    """``field``: API name of the field at fault; None puts the message at the top of the page."""

    name: str
    is_broken: Condition
    message: str
    field: str | None = None


def validate(rules: tuple[ValidationRule, ...], record: Record) -> None:
    """All rules are looked at and all that are broken are told. Raises RecordRefused."""
    problems = [problem for rule in rules if (problem := _problem(rule, record))]
    if problems:
        raise RecordRefused(problems)


def _problem(rule: ValidationRule, record: Record) -> Problem | None:
    try:
        broken = rule.is_broken(record)
    except EvaluationError as error:
        return Problem(CODE, f'Validation Formula "{rule.name}" Invalid ({error})', ())
    return Problem(CODE, rule.message, (rule.field,) if rule.field else ()) if broken else None
