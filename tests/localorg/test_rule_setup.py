"""Mistakes in the sections of rules are told by key, with what is wrong."""

from pathlib import Path

import pytest
from localorg import setup
from localorg.rules import rulebook_of
from localorg.setup import Setup, SetupError
from localorg.setup.custom import schema_of

RULE = '[[validation_rules]]\nobject = "Contact"\nname = "R"\nmessage = "No."\n'
ITEMS = 'items = [{ field = "Email" }, { field = "Phone", method = "Phone" }]\n'
MATCHING = f'[[matching_rules]]\nobject = "Contact"\nname = "M"\n{ITEMS}'
TYPE = '[[record_types]]\nobject = "Opportunity"\nname = "T"\n'
ASSIGN = '[[assignment_rules]]\nname = "A"\n'


def complaint(folder: Path, text: str) -> str:
    path = folder / "org.toml"
    path.write_text(f'extends = "plain"\n{text}', encoding="utf-8")
    chosen = setup.load(str(path))
    with pytest.raises(SetupError) as raised:
        read(chosen)
    return str(raised.value)


def read(chosen: Setup) -> None:
    rulebook_of(chosen, schema_of(chosen))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (RULE + 'formula = "Foo__c = 1"', "validation_rules[1].formula: Field Foo__c does not exist. Check spelling."),
        (
            RULE + 'formula = "LEN(LastName)"',
            "validation_rules[1].formula: Formula result is data type (Number), "
            "incompatible with expected data type (true or false).",
        ),
        (RULE + 'formula = "TRUE"\nfield = "Nope"', "validation_rules[1].field: Contact has no field Nope"),
        (
            RULE.replace("Contact", "Nothing") + 'formula = "TRUE"',
            'validation_rules[1].object: there is no object "Nothing"',
        ),
        (MATCHING + 'logic = "1 AND (2"', "matching_rules[1].logic: misses a parenthesis"),
        (MATCHING + 'logic = "1 AND"', "matching_rules[1].logic: cannot be read at its end"),
        (MATCHING + 'logic = "1 2"', "matching_rules[1].logic: cannot be read from 2 on"),
        (MATCHING + 'logic = "1"', "matching_rules[1].logic: must name each of the 2 items"),
        (MATCHING + 'logic = "1 OR 3"', "matching_rules[1].logic: must name each of the 2 items"),
        (MATCHING.replace("Email", "Foo__c"), "matching_rules[1].items[1].field: Contact has no field Foo__c"),
        (
            MATCHING.replace(ITEMS, 'items = [{ field = "Account.Name" }]\n'),
            "matching_rules[1].items: every alternative needs a field of the record itself to be found by",
        ),
        (
            MATCHING + '[[duplicate_rules]]\nobject = "Account"\nname = "D"\nmatching_rules = ["M"]',
            "duplicate_rules[1].mapping: Account has no field Email",
        ),
        (
            TYPE + 'picklists = { StageName = ["Nonsense"] }',
            'record_types[1].picklists.StageName: "Nonsense" is none of',
        ),
        (TYPE + 'picklists = { Name = ["x"] }', "record_types[1].picklists.Name: Opportunity has no picklist Name"),
        (TYPE + 'default_for = ["Nobody"]', 'record_types[1]: there is no profile "Nobody"'),
        (TYPE.replace("Opportunity", "UserRole"), 'record_types[1].object: there are no record types of "UserRole"'),
        (
            '[[picklist_dependencies]]\nfield = "Contact.LeadSource"\ncontroller = "LastName"\nvalid = {}',
            "picklist_dependencies[1].controller: Contact has no picklist or checkbox LastName",
        ),
        (
            ASSIGN + 'entries = [{ assigned_to = "nobody" }]',
            'assignment_rules[1].entries[1].assigned_to: there is no "nobody"',
        ),
        (
            ASSIGN + 'entries = [{ assigned_to = "admin", formula = "1" }]',
            "assignment_rules[1].entries[1].formula: Formula result is data type (Number)",
        ),
        (MATCHING.replace('"M"', '"M x"'), 'matching_rules[1].name: "M x" must be made of letters, digits'),
        ('[[queues]]\nname = "Q"\nobjects = ["Lead"]\nmembers = ["x"]', 'queues[1].members: there is no "x"'),
        ('[[queues]]\nname = "Q"\nobjects = ["Account"]', "queues[1].objects: no queue can own Account"),
        ('[[queues]]\nname = "Q"\nobjects = ["Nope"]', 'queues[1].objects: there is no object "Nope"'),
    ],
)
def test_mistakes_are_told(tmp_path: Path, text: str, expected: str) -> None:
    assert complaint(tmp_path, text).removeprefix("org.toml: ").startswith(expected)


def test_an_unknown_matching_rule_is_told_with_those_there_are(tmp_path: Path) -> None:
    text = '[[duplicate_rules]]\nobject = "Contact"\nname = "D"\nmatching_rules = ["Nope"]'

    told = complaint(tmp_path, text)

    assert 'duplicate_rules[1].matching_rules: there is no matching rule "Nope"' in told
    assert "Standard_Contact_Match_Rule_v1_1" in told
