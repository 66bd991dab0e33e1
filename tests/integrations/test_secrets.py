"""Tokens, secrets and passwords stand encrypted in their columns, and nowhere else: no table, no log, no error."""

import logging
import traceback
from threading import Thread
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.apps import apps
from django.core.management import call_command
from django.db import connection as database
from django.db import connections
from django.test import Client

from integrations.models import Connection, Credential
from integrations.providers import client_for
from integrations.sync.provider import CallFailed
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


def everything_stored() -> str:
    """Every row of every table, history, sessions and logs among them."""
    names = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    told = []
    with database.cursor() as cursor:
        for name in sorted(names & set(database.introspection.table_names(cursor))):
            cursor.execute(f'SELECT t::text FROM "{name}" t')
            told += [text for (text,) in cursor.fetchall()]
    return "\n".join(told)


def test_no_table_log_or_error_holds_a_secret(
    admin_client: Client, connection: Connection, org: Org, caplog: pytest.LogCaptureFixture
) -> None:
    connection.client_secret = org.client_secret
    connection.save(update_fields=["client_secret"])
    admin_client.post("/settings/integrations/salesforce/logins/secret/", {"secret": "another-secret"})
    login = Credential.objects.get()
    first = login.access_token
    org.faults({"match": {"path": "/services/data/"}, "do": "expire", "times": 1})

    with caplog.at_level(logging.DEBUG):
        client = client_for(login)
        list(client.query("SELECT Id FROM Organization"))  # with a token that is renewed on the way
        org.faults({"match": {"path": "/services/data/"}, "do": "status", "status": 500, "times": None})
        with pytest.raises(CallFailed) as failed:
            client.get("limits")
        org.faults()
    login.refresh_from_db()

    told = "\n".join([everything_stored(), caplog.text, *traceback.format_exception(failed.value)])
    assert login.access_token
    for secret in {first, login.access_token, org.client_secret, "another-secret"}:
        assert secret not in told


@pytest.mark.django_db(transaction=True)
def test_secrets_are_written_anew_while_the_app_writes_them(settings: Any) -> None:
    old, new = Fernet.generate_key().decode(), Fernet.generate_key().decode()
    settings.TOKEN_KEYS = [old]
    connection = Connection.objects.create(client_secret="the app's")
    logins = [
        Credential.objects.create(connection=connection, remote_user_id=f"005{number}", access_token="token 0")
        for number in range(20)
    ]
    settings.TOKEN_KEYS = [new, old]
    written = dict.fromkeys((login.pk for login in logins), "token 0")

    def renew() -> None:
        """As the workers do, each row again and again, whatever the command does meanwhile."""
        for turn in range(1, 6):
            for login in logins:
                written[login.pk] = f"token {turn}"
                Credential.objects.filter(pk=login.pk).update(access_token=written[login.pk])
        connections.close_all()

    worker = Thread(target=renew)
    worker.start()
    call_command("reencrypt", verbosity=0)
    worker.join()

    settings.TOKEN_KEYS = [new]
    assert dict(Credential.objects.values_list("pk", "access_token")) == written
    assert Connection.objects.get().client_secret == "the app's"
