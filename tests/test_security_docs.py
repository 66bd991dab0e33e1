"""docs/security.md promises nothing that is not tested or reasoned."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docs" / "security.md").read_text()
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", TEXT)))
ITEM = re.compile(r"^\| (\d+\.\d+\.\d+) \| ([^|]+) \| ([^|]+) \|$", re.MULTILINE)


def test_every_test_that_it_names_exists() -> None:
    tests = {
        path: {
            node.name for node in ast.walk(ast.parse((ROOT / path).read_text())) if isinstance(node, ast.FunctionDef)
        }
        for path in {path for path, _ in NAMED}
    }

    assert not [f"{path}::{name}" for path, name in NAMED if name not in tests[path]]


def test_every_requirement_has_a_test_or_a_reason() -> None:
    items = ITEM.findall(TEXT)

    assert len(items) >= 40
    assert len({number for number, *_ in items}) == len(items) == len(re.findall(r"^\| \d", TEXT, re.MULTILINE))
    assert not [number for number, _, answer in items if "::test_" not in answer and "Reason" not in answer]
