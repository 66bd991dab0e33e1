"""Contacts, accounts and deals through the REST API."""

from datetime import UTC, datetime

import pytest

from accounts.models import Account
from common import search
from common.acting import acting_user
from common.models import Origin
from contacts.api import ContactView
from contacts.models import Contact, Stage
from contacts.services import update_contact
from deals.models import Stage as DealStage
from tests.api.conftest import V1, Api
from tests.factories import (
    AccountFactory,
    ContactFactory,
    CustomFieldFactory,
    DealFactory,
    DealStageFactory,
    PipelineFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

CONTACT = {
    "id", "first_name", "last_name", "email", "email_status", "other_emails", "title", "company_name", "account",
    "phone", "mobile_phone", "home_phone", "other_phone", "street", "city", "state", "postal_code", "country",
    "linkedin_url", "seniority", "department", "headline", "time_zone", "no_email", "do_not_call", "owner", "stage",
    "origin", "crm_id", "crm_object", "custom", "created_at", "updated_at", "sync",
    "potential_duplicates",
}  # fmt: skip


def test_a_contact_has_the_promised_shape(api: Api) -> None:
    stage = Stage.objects.first()
    contact = ContactFactory(owner=api.user, stage=stage, account=AccountFactory())

    row = api.one("contacts", contact.pk)

    assert row.keys() == CONTACT
    assert (row["owner"], row["stage"], row["account"]) == (api.user.pk, stage.pk, contact.account.pk)
    assert row["sync"] == {"state": "not_eligible", "reason": "Salesforce is not connected."}
    assert datetime.fromisoformat(row["created_at"]) == contact.created_at
    assert row["created_at"].endswith("Z")


def test_a_list_has_results_next_and_previous(api: Api) -> None:
    contact = ContactFactory()

    assert api.page("contacts") == {"results": [api.one("contacts", contact.pk)], "next": None, "previous": None}


def test_what_the_api_makes_has_its_origin_and_its_maker_as_owner(api: Api) -> None:
    row = api.make("contacts", last_name="Roe", email="ann@acme.example")

    assert (row["origin"], row["owner"]) == ("api", api.user.pk)
    assert Contact.objects.get(pk=row["id"]).owner == api.user


def test_the_answer_to_a_create_says_where_the_record_is(api: Api) -> None:
    answer = api.post(f"{V1}contacts/", {"last_name": "Roe"})

    assert api.get(answer["Location"]).json() == answer.json()


def test_owner_origin_and_stage_may_be_given(api: Api) -> None:
    other, stage = UserFactory(email="other@example.com"), Stage.objects.last()

    by_id = api.make("contacts", last_name="Roe", owner=other.pk, stage=stage.pk, origin="csv_upload")
    by_word = api.make("contacts", last_name="Roe", owner="Other@example.com", stage=stage.name.upper())

    assert (by_id["owner"], by_id["stage"], by_id["origin"]) == (other.pk, stage.pk, "csv_upload")
    assert (by_word["owner"], by_word["stage"]) == (other.pk, stage.pk)


def test_an_account_knows_its_domain(api: Api) -> None:
    row = api.make("accounts", name="Acme", website="https://www.acme.example/about", annual_revenue="1000.50")

    assert (row["domain"], row["annual_revenue"]) == ("acme.example", "1000.50")


def test_an_account_cannot_stand_above_itself(api: Api) -> None:
    account = AccountFactory()
    below = AccountFactory(parent=account)

    answer = api.patch(f"{V1}accounts/{account.pk}/", {"parent": below.pk})

    assert answer.status_code == 400
    assert answer.json()["errors"]["parent"] == ["An account cannot stand above itself."]


def test_a_deal_starts_in_the_first_stage(api: Api) -> None:
    account = AccountFactory()

    row = api.make("deals", name="Big one", account=account.pk, amount="1200.00", currency="EUR", close_on="2026-12-31")

    assert row["stage"] == DealStage.objects.first_open().pk
    assert (row["amount"], row["currency"], row["close_on"]) == ("1200.00", "EUR", "2026-12-31")


def test_a_stage_name_of_several_pipelines_means_the_deals_own(api: Api) -> None:
    elsewhere = PipelineFactory()
    own, other = [DealStageFactory(pipeline=pipeline, name="Twice") for pipeline in (elsewhere, PipelineFactory())]
    deal = DealFactory(stage=DealStageFactory(pipeline=elsewhere))

    assert api.change("deals", deal.pk, stage="twice")["stage"] == own.pk
    assert "Several" in api.refused("deals", name="New", stage="twice")["stage"][0]
    assert api.make("deals", name="New", stage=other.pk)["stage"] == other.pk


def test_custom_values_are_merged_and_emptied_by_null(api: Api) -> None:
    for key, type_ in (("tier", "text"), ("seats", "number"), ("signed", "date"), ("vip", "boolean")):
        CustomFieldFactory(key=key, type=type_)
    row = api.make("contacts", last_name="Roe", custom={"tier": "Gold", "seats": 5, "vip": True})

    row = api.change("contacts", row["id"], custom={"tier": None, "signed": "2026-02-03"})

    assert row["custom"] == {"seats": 5, "vip": True, "signed": "2026-02-03"}


def test_a_patch_writes_only_what_it_names(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = ContactFactory(title="CEO")

    def read_before_a_pull(view: ContactView) -> Contact:
        stale = Contact.objects.get(pk=contact.pk)
        update_contact(contact.pk, {"title": "CTO"})
        return stale

    monkeypatch.setattr(ContactView, "get_object", read_before_a_pull)
    row = api.change("contacts", contact.pk, phone="42")

    contact.refresh_from_db()
    assert (contact.title, contact.phone) == ("CTO", "42")
    assert row["title"] == "CTO"


def test_history_and_signals_know_who_used_the_token(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    contact = ContactFactory()
    acted = []
    monkeypatch.setattr("integrations.services.queue_push", lambda *args, **kwargs: None)
    monkeypatch.setattr("integrations.receivers.queue_push", lambda record: acted.append(acting_user()))

    api.change("contacts", contact.pk, title="CTO")

    assert acted == [api.user]
    assert acting_user() is None
    assert contact.events.get().pgh_context.metadata["user"] == api.user.pk


def test_a_deleted_record_is_gone(api: Api) -> None:
    account = AccountFactory()

    assert api.delete(f"{V1}accounts/{account.pk}/").status_code == 204
    assert api.get(f"{V1}accounts/{account.pk}/").status_code == 404
    assert not Account.objects.exists()


def test_hidden_records_are_in_no_list(api: Api) -> None:
    hidden = ContactFactory(is_hidden=True)

    assert api.ids("contacts") == []
    assert api.one("contacts", hidden.pk)["id"] == hidden.pk


def test_of_very_many_that_words_find_those_are_listed_whose_names_begin_so(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "FOUND", 2)
    best = [ContactFactory(first_name="Kim", last_name=name).pk for name in ("Annika", "Annen")]
    ContactFactory(first_name="Anna", last_name="Zell")

    assert sorted(api.ids("contacts", q="ann")) == best
    assert len(api.ids("contacts", q="a")) == 3


def test_moments_without_a_zone_are_in_utc_whatever_the_users_zone(api: Api) -> None:
    api.user.time_zone = "Asia/Tokyo"
    api.user.save()
    contact = ContactFactory()
    CustomFieldFactory(key="met_at", type="datetime")

    row = api.change("contacts", contact.pk, custom={"met_at": "2026-01-02T03:04:05"})

    assert datetime.fromisoformat(row["custom"]["met_at"]) == datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


def test_pulled_origin_is_shown_and_cannot_be_claimed(api: Api) -> None:
    contact = ContactFactory(origin=Origin.CRM_PULL)

    assert api.one("contacts", contact.pk)["origin"] == "crm_pull"
    assert api.refused("contacts", last_name="Roe", origin="crm_pull")["origin"]
