"""Settings of activities and exclusion rules as a text, and in the log of settings."""

from collections.abc import Callable
from typing import Any

import pghistory
import pytest

from integrations import settings_log
from integrations.configuration import export
from integrations.configuration.importing import NotTaken, carry_out, plan
from integrations.configuration.naming import named
from integrations.configuration.text import read, write
from integrations.models import ActivitySettings, Connection, ExclusionRule
from integrations.settings_log import Asked
from integrations.settings_telling import Difference
from users.models import User

pytestmark = pytest.mark.django_db


def changed(connection: Connection, change: Callable[[Any], None]) -> str:
    data = read(write(export.present(connection))).data
    change(data["activities"])
    return write(data)


def told(connection: Connection, text: str) -> dict[str, list[tuple[str, str, str]]]:
    found = named(plan(connection, text).sections)
    return {one.title: [(row.name, row.before, row.after) for row in one.differences] for one in found}


def test_what_is_exported_is_taken_over_elsewhere_as_it_was(connection: Connection) -> None:
    ActivitySettings.objects.create(connection=connection, push_calls=True, call_title="Call: {{subject}}")
    ExclusionRule.objects.create(connection=connection, name="Board", from_domains=["b.example"], to_keywords=["no"])
    ExclusionRule.objects.create(connection=connection, name="Acme: “all”", to_addresses=["a@b.example"], join="or")
    text = write(export.present(connection))
    assert not plan(connection, text).sections

    ActivitySettings.objects.all().delete()
    ExclusionRule.objects.all().delete()
    carry_out(connection, text)

    assert write(export.present(connection)) == text
    assert ActivitySettings.of(connection).since("push_calls") is not None


def test_a_text_replaces_the_rules_and_turns_switches(connection: Connection) -> None:
    kept = ExclusionRule.objects.create(connection=connection, name="Board", from_domains=["board.example"])
    ExclusionRule.objects.create(connection=connection, name="Old", from_domains=["old.example"])
    text = """
version: 1
activities:
  settings: {push_notes: true}
  exclusion_rules:
    Board: {from_domains: [board.example, other.example], to_domains: []}
    New: {to_keywords: [Secret], join: or}
"""

    assert told(connection, text) == {
        "Activities": [("Notes", "no", "yes")],
        "Activities: exclusion rules of e-mails": [
            ("Board", "from_domains: board.example", "from_domains: board.example; other.example"),
            ("Old", "from_domains: old.example, join: and", "–"),
            ("New", "–", "join: or, to_keywords: Secret"),
        ],
    }
    carry_out(connection, text)

    kept.refresh_from_db()
    assert kept.from_domains == ["board.example", "other.example"]
    assert {rule.name for rule in ExclusionRule.objects.all()} == {"Board", "New"}
    assert ActivitySettings.of(connection).push_notes


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda part: part["settings"].update(push_note=True), "Did you mean “push_notes”?"),
        (lambda part: part["settings"].update(call_title="{{to}}"), "There is no placeholder {{to}}"),
        (lambda part: part["settings"].update(pull_every=0), "greater than or equal to 1"),
        (lambda part: part["exclusion_rules"].update(A={"from_domains": ["acme"]}), "“acme” is not a domain"),
        (lambda part: part["exclusion_rules"].update(A={}), "Fill in at least one domain"),
        (lambda part: part["exclusion_rules"].update(A={"from_domain": ["a.example"]}), "Did you mean “from_domains”?"),
        (lambda part: part["exclusion_rules"].update({"A" * 99: {"from_domains": ["a.example"]}}), "at most 80"),
    ],
)
def test_what_can_not_be_is_refused_with_its_place(change: Any, fault: str, connection: Connection) -> None:
    text = changed(connection, change)

    found = [str(one) for one in plan(connection, text).faults]

    assert any(fault in one and "activities › " in one and "Line " in one for one in found), found
    with pytest.raises(NotTaken):
        carry_out(connection, text)
    assert not ActivitySettings.objects.exists()


def test_the_log_tells_who_changed_a_switch_and_a_rule(connection: Connection, admin: User) -> None:
    with pghistory.context(user=admin.pk):
        row = ActivitySettings.objects.create(connection=connection)
        row.push_notes = True
        row.save()
        rule = ExclusionRule.objects.create(connection=connection, name="Board", from_domains=["board.example"])
        rule.join = "or"
        rule.save()

    parts = {
        part.title: part.differences for one in settings_log.moments(Asked(user=admin.pk))[0] for part in one.parts
    }

    assert parts["Activities"] == [Difference("", "–", "notes: yes")]
    [added] = parts["Exclusion rules of e-mails"]
    assert (added.name, added.before) == ("Board", "–")
    assert "board.example" in added.after
    assert "From or To fits" in added.after
