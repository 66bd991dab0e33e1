"""The formula language: what Salesforce documents, and what others measured in real orgs."""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from localorg import ids, schema
from localorg.formulas import EvaluationError, FormulaError, Record, compile_formula, condition
from localorg.schema import SObject

SCHEMA = schema.load()
USER, PROFILE, ACCOUNT = (ids.make(prefix, 1) for prefix in ("005", "00e", "001"))
ROW = {
    "Name": "Deal",
    "StageName": "Closed Won",
    "Amount": 0.5,
    "Probability": 50.0,
    "CloseDate": "2026-03-01",
    "AccountId": ACCOUNT,
    "IsPrivate": 0,
    "LastModifiedDate": "2026-03-04T09:00:00.000+0000",
}
ROWS: dict[str, dict[str, Any]] = {
    USER: {"Id": USER, "Name": "Ada", "ProfileId": PROFILE, "IsActive": 1},
    PROFILE: {"Id": PROFILE, "Name": "System Administrator"},
    ACCOUNT: {"Id": ACCOUNT, "Name": "Acme", "OwnerId": USER, "AnnualRevenue": 5.0},
}


class Rows:
    schema = SCHEMA
    user_id = USER
    now = "2026-03-04T10:00:00.000+0000"

    def fetch(self, sobject: SObject, record_id: str) -> Mapping[str, Any] | None:
        return ROWS.get(record_id)


def value(formula: str, prior: Mapping[str, Any] | None = None, **changes: Any) -> Any:
    """What it gives for an opportunity that is being created, or changed if there is a ``prior``."""
    compiled = compile_formula(formula, SCHEMA, SCHEMA["Opportunity"])
    return compiled.run(Record(Rows(), ROW | changes, prior))


def complaint(formula: str) -> str:
    with pytest.raises(FormulaError) as raised:
        condition(formula, SCHEMA, SCHEMA["Opportunity"])
    return str(raised.value)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("2 * 3 ^ 2", 36),  # ^ binds looser than *
        ("2 ^ 3 ^ 2", 64),
        ("-2 ^ 2", 4),
        ("1 + 2 * 3", 7),
        ("10 - 4 - 3", 3),
        ("MOD(3, 0)", 3),
        ("MOD(-7, 3)", -1),
        ("FLOOR(-1.4)", -1),
        ("CEILING(-1.4)", -2),
        ("MFLOOR(-1.4)", -2),
        ("MCEILING(-1.4)", -1),
        ("ROUND(2.5, 0)", 3),
        ("ROUND(1234.5, -2)", 1200),
        ("TRUNC(-1.59, 1)", Decimal("-1.5")),
        ("MAX(1, 3, 2) + MIN(1, 3, 2)", 4),
        ("ABS(-3) * SQRT(16)", 12),
        ("LEN('a\\'b')", 4),  # only \\ and \" are unescaped
        ('LEN("a\\"b")', 3),
        ("LEN(AccountId)", 15),
        ("1 /* a /* b */ + 2", 3),
        ('FIND("", "abc")', 0),
        ('FIND("c", "abcabc", 4)', 6),
        ('VALUE("1e3")', 1000),
        ('CASE(StageName, "closed won", 1, 2)', 1),
        ("CASE(2, 1, 10, 2, 20, 30)", 20),
        ("TODAY() - CloseDate", 3),
        ("(NOW() - LastModifiedDate) * 24", 1),
        ("WEEKDAY(DATE(2026, 3, 1))", 1),
        ("YEAR(CloseDate) * 100 + MONTH(CloseDate)", 202603),
        ("Probability", Decimal("0.5")),
        ("Account.AnnualRevenue", 5),
    ],
)
def test_numbers(formula: str, expected: Any) -> None:
    assert value(formula) == (pytest.approx(expected) if "NOW" in formula else expected)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('"a" & "b" + "c"', "abc"),
        ("TEXT(Amount)", ".5"),
        ("TEXT(0.5)", "0.5"),
        ("TEXT(-1 / 4)", "-.25"),
        ("TEXT(10 * 10)", "100"),
        ("TEXT(CloseDate)", "2026-03-01"),
        ("TEXT(LastModifiedDate)", "2026-03-04 09:00:00Z"),
        ("TEXT(StageName)", "Closed Won"),
        ('LEFT("abc", 2) & RIGHT("abc", 1) & MID("abc", 2, 1)', "abcb"),
        ('LEFT("abc", 0)', None),
        ('SUBSTITUTE("a-b-c", "-", "")', "abc"),
        ('SUBSTITUTE("abc", NextStep, "x")', "abc"),
        ('UPPER("a") & LOWER("B") & TRIM(" c ")', "Abc"),
        ('LPAD("a", 4, "xy") & RPAD("a", 3)', "xyxaa  "),
        ('INITCAP("ada lovelace")', "Ada Lovelace"),
        ("Account.Owner.Name", "Ada"),
        ("Account.Owner.Profile.Name & $Profile.Name", "System Administrator" * 2),
        ("$User.Id", USER[:15]),
        ("CASESAFEID(AccountId)", ACCOUNT),
        ("Campaign.Name", None),
        ('NextStep + "a"', "a"),
        ('BLANKVALUE(NextStep, "none")', "none"),
        ('NULLVALUE(NextStep, "none")', None),  # text is never null
        ('IF(Amount > 1, "big", "small")', "small"),
    ],
)
def test_text(formula: str, expected: str | None) -> None:
    assert value(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("ADDMONTHS(DATE(2026, 1, 31), 1)", date(2026, 2, 28)),
        ("ADDMONTHS(DATE(2026, 2, 28), 1)", date(2026, 3, 31)),
        ("DATE(2026, 2, 28) + 3.9", date(2026, 3, 3)),
        ('DATEVALUE("2026-02-03")', date(2026, 2, 3)),
        ("DATEVALUE(LastModifiedDate)", date(2026, 3, 4)),
        ('DATETIMEVALUE("2026-02-03 04:05:06") + 0.5', datetime(2026, 2, 3, 16, 5, 6, tzinfo=UTC)),
        ("$System.OriginDateTime", datetime(1900, 1, 1, tzinfo=UTC)),
    ],
)
def test_dates(formula: str, expected: date) -> None:
    assert value(formula) == expected


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ('"a" = "A"', False),  # text minds case,
        ('ISPICKVAL(StageName, "CLOSED won")', True),  # picklists do not
        ('ISPICKVAL(Type, "")', True),
        ("ISBLANK(Type) && ISBLANK(NextStep)", True),
        ("ISNULL(NextStep)", False),  # text is never null
        ("ISNULL(TotalOpportunityQuantity)", True),
        ("TotalOpportunityQuantity < 5", None),  # blank is no zero,
        ("TotalOpportunityQuantity = 0", None),
        ('NextStep = ""', True),  # but blank text is empty
        ("NULL + 1 = 1", None),
        ("NOT(TotalOpportunityQuantity < 5)", None),
        ("AND(TRUE, TotalOpportunityQuantity < 5)", False),
        ("OR(FALSE, TotalOpportunityQuantity < 5)", False),
        ("IF(TotalOpportunityQuantity < 5, TRUE, FALSE)", False),
        ("OR(TRUE, 1 / 0 = 1)", True),  # what follows is not evaluated
        ("AND(FALSE, 1 / 0 = 1)", False),
        ("FALSE && 1 / 0 = 1", False),
        ('CONTAINS("abc", NextStep)', True),
        ('CONTAINS(NextStep, "a")', False),
        ('BEGINS("abc", NextStep)', True),
        ('NOT(BEGINS(NextStep, "a"))', None),
        ('REGEX("2026", "\\\\d{4}")', True),
        ('REGEX("x2026", "\\\\d{4}")', False),  # the whole text
        ('REGEX("K1A 0B1", "((?i)[a-z]\\\\d[a-z] \\\\d[a-z]\\\\d)?")', True),
        ('ISNUMBER("1e3") && NOT(ISNUMBER(" 1"))', True),
        ("IsPrivate = FALSE", True),
        ("!IsPrivate", True),
        ("NOT IsPrivate = TRUE", True),
        ("Amount != 1 && Amount == 0.5", True),
        ("$User.IsActive", True),
        ("Campaign.IsActive", False),  # there is none
        ("Account.Owner.Id = $User.Id", True),
        ("ISNEW()", True),
        ("ISCHANGED(Amount)", False),  # not of a new record
        ("PRIORVALUE(Amount) = Amount", True),
    ],
)
def test_conditions(formula: str, expected: bool | None) -> None:
    assert value(formula) is expected


def test_a_change_is_seen_between_the_record_and_what_it_was() -> None:
    prior = ROW | {"Amount": 1.0, "StageName": "Prospecting"}

    assert value("ISCHANGED(Amount) && NOT(ISNEW()) && NOT(ISCHANGED(Name))", prior) is True
    assert value("PRIORVALUE(Amount)", prior) == 1
    assert value('ISPICKVAL(PRIORVALUE(StageName), "Prospecting")', prior) is True
    assert value("ISCHANGED(Amount)", prior, Amount=None) is True


@pytest.mark.parametrize(
    ("formula", "reason"),
    [
        ("1 / (Amount - 0.5)", "Division by zero"),
        ("0 ^ -1", "Division by zero"),
        ('VALUE("x")', 'For input string: "x"'),
        ("10 ^ 65", "Numeric overflow"),
        ("SQRT(-1)", "Numeric overflow"),
        ("DATE(2026, 2, 30)", "Invalid date"),
        ("DATE(9999, 12, 31) + 1", "Date out of range"),
        ('REGEX("x", "[")', "Invalid regular expression: unterminated character set at position 1"),
        ("CHR(-1)", "Character code out of range"),
    ],
)
def test_some_formulas_have_no_result(formula: str, reason: str) -> None:
    with pytest.raises(EvaluationError) as raised:
        value(formula)

    assert str(raised.value) == reason


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("Foo__c = 1", "Field Foo__c does not exist. Check spelling."),
        ("Account.Foo__c = 1", "Field Account.Foo__c does not exist. Check spelling."),
        ("$Permission.X", "Field $Permission.X does not exist. Check spelling."),
        ("FOO(1)", "Unknown function FOO. Check spelling."),
        ('LEFT("a") = ""', "Incorrect number of parameters for function 'LEFT()'. Expected 2, received 1"),
        ("LEN(1) = 1", "Incorrect parameter type for function 'LEN()'. Expected Text, received Number"),
        ('1 + "a" = 2', "Incorrect parameter type for operator '+'. Expected Number, Date, DateTime, received Text"),
        ("CloseDate > NOW()", "Incorrect parameter type for operator '>'. Expected Date, received DateTime"),
        ("ISBLANK(IsPrivate)", "Incorrect argument type for function 'ISBLANK()'."),
        (
            'StageName = "x"',
            "Field StageName is a picklist field. Picklist fields are only supported in certain functions.",
        ),
        ("Amount", "Formula result is data type (Number), incompatible with expected data type (true or false)."),
        ("AND(TRUE", "Syntax error. Missing ')'"),
        ("AND(TRUE,)", "Syntax error. Extra ')'"),
        ('"a\\q" = ""', "Syntax error. Found '\"'"),
        ("", "Syntax error"),
        ("1" * 3901, "Formula is too long (3,901 characters). Maximum length is 3,900 characters"),
        ("ISCHANGED(Account.Name)", "The ISCHANGED function may only refer to a field of the record itself"),
    ],
)
def test_what_the_editor_would_not_save(formula: str, expected: str) -> None:
    assert complaint(formula) == expected
