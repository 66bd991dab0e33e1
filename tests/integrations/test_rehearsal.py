"""Saying what a pull or push would do."""

import pytest
from django.core.management import call_command

from integrations.models import Connection, Credential, Outbox
from tests.factories import ContactFactory
from tests.salesforce_org import Org

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("action", ["pull", "push"])
def test_a_token_that_is_renewed_for_a_rehearsal_is_kept(synced: Connection, org: Org, action: str) -> None:
    contact = ContactFactory()
    Credential.objects.update(access_token="00Dexpired")

    with pytest.raises(SystemExit) as end:
        call_command("salesforce", action, "--dry-run")

    assert end.value.code == 0
    assert Credential.objects.get().access_token != "00Dexpired"
    assert Outbox.objects.filter(record_id=contact.pk, claim_token=None).exists()


def test_a_push_that_is_put_off_for_later_is_not_done(synced: Connection, org: Org) -> None:
    ContactFactory(company_name="", email="")
    Outbox.objects.update(next_attempt_at="2999-01-01T00:00Z")
    with pytest.raises(SystemExit) as end:
        call_command("salesforce", "push", "Contact")
    assert end.value.code == 1
