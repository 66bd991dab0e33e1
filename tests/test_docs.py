"""The documentation: a site whose links lead somewhere, and whose settings and programs are there."""

import re
import subprocess
import sys
from datetime import timedelta
from importlib import import_module
from pathlib import Path

from integrations.explanations import EXPLANATIONS, Explanation
from integrations.salesforce import oauth
from tests.salesforce_org import ROOT

DOCS = ROOT / "docs"
UNITS = {
    "KB": 1 << 10,
    "MB": 1 << 20,
    "minutes": 60,
    "hour": 3_600,
    "hours": 3_600,
    "days": 86_400,
}  # of bytes, of seconds


def test_every_page_of_the_docs_is_reached_and_no_link_leads_nowhere(tmp_path: Path) -> None:
    program = str(Path(sys.executable).with_name("sphinx-build"))
    how = ["--quiet", "--fail-on-warning", "--keep-going", "-d", str(tmp_path / "read")]
    build = subprocess.run(
        [program, *how, str(DOCS), str(tmp_path / "site")], capture_output=True, text=True, check=False
    )

    assert build.returncode == 0, build.stderr


def test_every_setting_is_described_and_every_description_is_of_a_setting() -> None:
    table = (DOCS / "operators.md").read_text().split("\n## Settings\n")[1].split("\n## ")[0]
    described = {name for row in re.findall(r"^\| (.*?) \|", table, re.M) for name in re.findall(r"`([A-Z_]+)`", row)}
    settings, server = ((ROOT / name).read_text() for name in ("config/settings.py", "gunicorn.conf.py"))
    read = set(re.findall(r"""(?:env\.\w+|required)\(\s*["']([A-Z_]+)["']""", settings))
    read |= set(re.findall(r'^FOLDER = "([A-Z_]+)"', server, re.M))

    assert read - described == set()
    assert described - read == set()


def test_every_cause_of_a_refusal_is_told_as_the_product_tells_it() -> None:
    told = set(re.findall(r"^\| .* \|$", (DOCS / "reference/errors.md").read_text(), re.M))
    causes: dict[Explanation, list[str]] = {}
    for code, explanation in EXPLANATIONS.items():
        causes.setdefault(explanation, []).append(f"`{code}`")
    refused = {
        f"| **{one.title}**<br>{'<br>'.join(codes)} | {one.cause} | {one.fix} |" for one, codes in causes.items()
    }
    logins = {f"| `{code}` | {reason} |" for code, reason in oauth.REASONS.items()}

    assert (refused | logins) - told == set()
    assert {row for row in told if "`" in row} - refused - logins == set()


def test_every_limit_is_the_one_in_the_code() -> None:
    rows = re.findall(r"^\| (.*?) \| ([\d,.]+) ?(\w*) \| `(.*?)` \|$", (DOCS / "reference/limits.md").read_text(), re.M)
    wrong = [
        f"{what}: {name} is {constant}"
        for what, number, unit, name in rows
        if float(number.replace(",", "")) * UNITS.get(unit, 1) != (constant := constant_of(name))
    ]

    assert len(rows) > 50
    assert wrong == []


def constant_of(name: str) -> float:
    """By its dotted name; a length of time in seconds."""
    module, constant = name.rsplit(".", 1)
    value = getattr(import_module(module), constant)
    return value.total_seconds() if isinstance(value, timedelta) else value
