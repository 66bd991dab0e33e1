"""The one-time push of everything that is not in Salesforce."""

import pytest

from contacts.models import Contact, Stage
from integrations import everything, forecasting, services, tasks
from integrations.models import Connection, Outbox
from tests.conftest import push_all
from tests.factories import ContactFactory
from tests.salesforce_org import Org
from users.models import User

pytestmark = pytest.mark.django_db


@pytest.fixture
def made_before(synced: Connection, admin: User) -> list[Contact]:
    """Contacts from before pushing was on: two of a chosen stage, one of another, one kept out by a person."""
    synced.object_settings.filter(record_kind="contact").update(push_new=False)
    first, second = Stage.objects.order_by("position")[:2]
    contacts = [
        ContactFactory(last_name=f"Older {number}", stage=stage) for number, stage in enumerate([first, first, second])
    ]
    contacts.append(ContactFactory(last_name="Older Secret", stage=first))
    services.skip(contacts[-1], admin)
    push_all()
    synced.object_settings.filter(record_kind="contact").update(
        push_new=True, push_by_stage=True, push_stages=[first.pk]
    )
    return contacts


def test_the_forecast_counts_what_would_be_created_and_what_is_left_out_and_why(
    synced: Connection, made_before: list[Contact]
) -> None:
    (told,) = forecasting.push(synced, ["contact"])

    assert told.to_create == 2
    assert told.unchanged == Contact.objects.exclude(crm_id="").count()
    assert told.skipped == {
        "Kept out of the sync by a person": 1,
        "Their stage is not among those that are pushed": 1,
    }
    assert not Outbox.objects.exists()


def test_what_was_forecast_is_what_is_created(
    synced: Connection, org: Org, made_before: list[Contact], admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "CHUNK", 1)

    everything.start(synced, ["contact"], admin)
    tasks.mark_everything(600)
    push_all()

    rows = org.query("SELECT LastName FROM Contact WHERE LastName LIKE 'Older%'")
    assert sorted(row["LastName"] for row in rows) == ["Older 0", "Older 1"]


def test_marking_that_was_cut_off_goes_on_where_it_was(
    synced: Connection, made_before: list[Contact], admin: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everything, "CHUNK", 1)
    everything.start(synced, ["contact"], admin)
    everything.mark_some(synced)

    tasks.mark_everything(600)

    assert Outbox.objects.count() == 2


def test_cancelling_takes_back_what_was_not_sent(synced: Connection, made_before: list[Contact], admin: User) -> None:
    everything.start(synced, ["contact"], admin)
    tasks.mark_everything(600)

    everything.cancel(synced)

    assert not Outbox.objects.exists()
    assert not everything.mark_some(synced)
