"""Where entries come from: what was loaded, and services that are asked for what is lacking."""

from collections.abc import Collection
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from directory import providers
from directory.loading import load_companies, load_prospects
from directory.models import CompanyQuerySet, Prospect, ProspectQuerySet
from directory.providers import Loaded, Search, Unavailable

pytestmark = pytest.mark.django_db


class Elsewhere(Loaded):
    """A service that knows everybody whom it is asked for."""

    source, label = "elsewhere", "Elsewhere"
    asked: list[set[str]] = []
    refusal = ""

    def people(self, *, keys: Collection[str] = (), emails: Collection[str] = ()) -> ProspectQuerySet:
        self.asked.append(set(emails))
        if self.refusal:
            raise Unavailable(self.refusal)
        load_prospects([{"key": one, "last_name": "Told", "email": one} for one in emails], self.source)
        return super().people(keys=keys, emails=emails)

    def companies(self, *, keys: Collection[str] = (), domains: Collection[str] = ()) -> CompanyQuerySet:
        load_companies([{"key": one, "name": one, "domain": one} for one in domains], self.source)
        return super().companies(keys=keys, domains=domains)


@pytest.fixture(autouse=True)
def _elsewhere(settings: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.DIRECTORY_PROVIDERS = [f"{__name__}.Elsewhere"]
    monkeypatch.setattr(Elsewhere, "asked", [])


def test_what_was_loaded_is_found_by_words_filters_keys_and_addresses() -> None:
    load_companies([{"key": "c", "name": "Acme", "domain": "acme.example", "industry": "Energy"}])
    ada = {"key": "1", "last_name": "Sample", "email": "Ada@acme.example", "seniority": "VP"}
    load_prospects([ada, {"key": "2", "last_name": "Sample"}])
    loaded = Loaded()

    found = [
        loaded.search_people(Search("sample", {"seniority": ["VP", "Head"]})),
        loaded.people(emails=["ada@acme.example"]),
        loaded.people(keys=["1"]),
    ]

    assert [[one.key for one in rows] for rows in found] == [["1"]] * 3
    assert [one.name for one in loaded.search_companies(Search("acme", {"industry": ["Energy"]}))] == ["Acme"]
    assert [one.name for one in loaded.companies(domains=["acme.example"])] == ["Acme"]


def test_only_who_is_lacking_is_asked_for_elsewhere() -> None:
    load_prospects([{"key": "1", "last_name": "Sample", "email": "ada@acme.example"}])

    assert providers.look_up_people(["ADA@acme.example", "bo@acme.example", ""]) == []
    providers.look_up_people(["bo@acme.example"])

    assert Elsewhere.asked == [{"bo@acme.example"}]
    assert set(Prospect.objects.values_list("email", "source")) == {
        ("ada@acme.example", "loaded"),
        ("bo@acme.example", "elsewhere"),
    }


def test_who_was_told_of_long_ago_is_asked_for_again() -> None:
    providers.look_up_people(["bo@acme.example"])
    Prospect.objects.update(updated_at=timezone.now() - timedelta(days=31))

    providers.look_up_people(["bo@acme.example"])

    assert len(Elsewhere.asked) == 2


def test_companies_are_asked_for_by_their_domains() -> None:
    providers.look_up_companies(["acme.example"])

    assert [one.name for one in Elsewhere().companies(domains=["acme.example"])] == ["acme.example"]


def test_a_provider_that_does_not_answer_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Elsewhere, "refusal", "It is closed.")

    assert providers.look_up_people(["bo@acme.example"]) == ["Elsewhere: It is closed."]
