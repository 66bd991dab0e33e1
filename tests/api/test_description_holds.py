"""Whatever is sent to the REST API, it answers as its own description says."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from rest_framework.authtoken.models import Token

from contacts.models import JobChange
from directory.models import Company, Move, Prospect
from integrations import api as sync_api
from integrations.models import Connection
from tests.factories import (
    AccountFactory,
    ActivityFactory,
    ContactFactory,
    DealFactory,
    RecordListFactory,
    SequenceFactory,
    StepFactory,
)
from users.models import User

EXAMPLES = 20  # of each operation, beside the cases at the bounds of each value
IDS = range(900_001, 900_007)
CONFIG = f"""
[dictionaries]
ids.values = {list(IDS)}
[parameters]
"path.id".dictionary = "ids"
"path.other".dictionary = "ids"
"path.step".dictionary = "ids"
"""
# What a description does not say: which rows and custom fields there are. And 0 is understood where a text stands.
NOT_ASKED = "positive_data_acceptance,negative_data_rejection"

pytestmark = [pytest.mark.long, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def _something_of_every_kind(synced: Connection) -> None:
    for pk in IDS:
        for factory in (AccountFactory, ContactFactory, DealFactory, ActivityFactory, RecordListFactory):
            factory(pk=pk)
        StepFactory(pk=pk, sequence=SequenceFactory(pk=pk))
        company = Company.objects.create(pk=pk, key=str(pk), name="Acme", domain=f"acme{pk}.example")
        person = Prospect.objects.create(
            pk=pk, key=str(pk), last_name="Sample", email=f"s{pk}@acme.example", company=company
        )
        move = Move.objects.create(prospect=person, from_company_name="Gamma")
        JobChange.objects.create(pk=pk, contact_id=pk, move=move)


@pytest.mark.usefixtures("_something_of_every_kind")
def test_nothing_unexpected_is_answered(
    live_server: Any, admin: User, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sync_api.PushView, "sleeper", staticmethod(lambda seconds: None))
    config = tmp_path / "schemathesis.toml"
    config.write_text(CONFIG)
    program = [str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(config)]
    what = ["run", f"{live_server.url}/api/v1/schema/?format=json", "--phases", "coverage,fuzzing"]
    token = ["--header", f"Authorization: Token {Token.objects.create(user=admin).key}"]
    how = ["--exclude-checks", NOT_ASKED, "--max-examples", str(EXAMPLES), "--seed", "1", "--no-color"]

    run = subprocess.run([*program, *what, *token, *how], check=False, capture_output=True, text=True, cwd=tmp_path)

    assert run.returncode == 0, run.stdout + run.stderr
