"""Secrets at rest are written anew with the newest key."""

from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection as database

from integrations.models import Connection, Credential

pytestmark = pytest.mark.django_db
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()


@pytest.fixture
def login(settings: Any) -> Credential:
    settings.TOKEN_KEYS = [OLD]
    connection = Connection.objects.create(client_secret="the app's")
    return Credential.objects.create(connection=connection, remote_user_id="005", access_token="a", refresh_token="")


def stored(table: str, column: str) -> str:
    with database.cursor() as cursor:
        cursor.execute(f"SELECT {column} FROM {table}")
        return cursor.fetchone()[0]


def test_after_it_the_old_key_can_be_taken_out(login: Credential, settings: Any, capsys: Any) -> None:
    settings.TOKEN_KEYS = [NEW, OLD]
    call_command("reencrypt")
    settings.TOKEN_KEYS = [NEW]

    login.refresh_from_db()
    assert (login.access_token, login.refresh_token) == ("a", "")
    assert Connection.objects.get().client_secret == "the app's"
    assert "2 secrets" in capsys.readouterr().out


def test_what_no_key_reads_is_left_and_told(login: Credential, settings: Any) -> None:
    before = stored("integrations_credential", "access_token")
    settings.TOKEN_KEYS = [NEW]

    with pytest.raises(CommandError, match="2 can't be read"):
        call_command("reencrypt")

    assert stored("integrations_credential", "access_token") == before
