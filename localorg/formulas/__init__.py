"""Salesforce's formula language, as validation rules use it."""

from localorg.formulas.compiling import compile_formula, condition
from localorg.formulas.errors import EvaluationError, FormulaError
from localorg.formulas.record import Record

__all__ = ["EvaluationError", "FormulaError", "Record", "compile_formula", "condition"]
