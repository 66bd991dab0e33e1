"""What can be wrong with a formula: as it is written, or for one record."""


class FormulaError(Exception):
    """A formula that Salesforce's editor would not save, in the editor's words."""


class EvaluationError(Exception):
    """A formula that has no result for this record, such as a division by zero; it ends the evaluation."""
