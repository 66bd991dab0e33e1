from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from common import custom
from common.models import CustomField, RecordKind
from tests.factories import CustomFieldFactory

pytestmark = pytest.mark.django_db

Type = CustomField.Type


@pytest.mark.parametrize(
    ("kind", "given", "kept"),
    [
        (Type.TEXT, " a ", "a"),
        (Type.LONG_TEXT, "a\nb", "a\nb"),
        (Type.NUMBER, Decimal("2.50"), 2.5),
        (Type.NUMBER, "3", 3),
        (Type.DATE, date(2026, 1, 2), "2026-01-02"),
        (Type.DATE, "2026-01-02", "2026-01-02"),
        (Type.DATETIME, datetime(2026, 1, 2, 3, tzinfo=UTC), "2026-01-02T03:00:00+00:00"),
        (Type.DATETIME, "2026-01-02T04:00:00+01:00", "2026-01-02T03:00:00+00:00"),
        (Type.BOOLEAN, False, False),
        (Type.BOOLEAN, None, None),
        (Type.PICKLIST, "Gold", "Gold"),
        (Type.MULTI_PICKLIST, ["Gold", "Silver"], ["Gold", "Silver"]),
        (Type.MULTI_PICKLIST, [], None),
        (Type.URL, "example.com/a", "https://example.com/a"),
        (Type.EMAIL, "a@example.com", "a@example.com"),
        (Type.PHONE, "", None),
    ],
)
def test_a_value_of_each_type_is_kept_as_json_and_kept_again_unchanged(kind: str, given: Any, kept: Any) -> None:
    CustomFieldFactory(key="f", type=kind, decimals=2, choices=["Gold", "Silver"])

    once = custom.cleaned(RecordKind.CONTACT, {"f": given})

    assert once == {"f": kept}
    assert custom.cleaned(RecordKind.CONTACT, once) == {"f": kept}


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        (Type.NUMBER, "many"),
        (Type.NUMBER, "1.234"),
        (Type.DATE, "31.31."),
        (Type.PICKLIST, "Bronze"),
        (Type.EMAIL, "a"),
    ],
)
def test_a_value_that_does_not_fit_is_refused_by_name(kind: str, given: Any) -> None:
    CustomFieldFactory(key="f", label="Rank", type=kind, decimals=2, choices=["Gold"])

    with pytest.raises(ValidationError, match="Rank"):
        custom.cleaned(RecordKind.CONTACT, {"f": given})


def test_an_unknown_key_is_refused() -> None:
    CustomFieldFactory(key="f", record_kind=RecordKind.DEAL)

    with pytest.raises(ValidationError, match="no custom field “f”"):
        custom.cleaned(RecordKind.CONTACT, {"f": "1"})


def test_merging_keeps_other_keys_and_drops_emptied_ones() -> None:
    assert custom.merged({"a": 1, "b": 2}, {"b": None, "c": False}) == {"a": 1, "c": False}


def test_a_value_that_was_pulled_and_is_no_choice_here_may_stay() -> None:
    CustomFieldFactory(key="f", type=Type.MULTI_PICKLIST, choices=["Gold", "Silver"])

    kept = custom.cleaned(RecordKind.CONTACT, {"f": ["Silver", "Tin"]}, {"f": ["Gold", "Tin"]})

    assert kept == {"f": ["Silver", "Tin"]}
    with pytest.raises(ValidationError):
        custom.cleaned(RecordKind.CONTACT, {"f": ["Lead"]}, {"f": ["Gold", "Tin"]})
