"""Case and accents do not count: in Python and in PostgreSQL alike."""

import pytest
from django.db import connection
from django.db.models import F
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import Account
from common.folding import SEVERAL, SINGLE, Fold, fold
from contacts.models import Contact
from tests.factories import AccountFactory, ContactFactory

# Letters that both sides know, whatever their version of Unicode.
LETTERS = st.characters(min_codepoint=1, max_codepoint=0x1FFF, categories=("L", "N", "P", "S", "Z", "Mn"))


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Élan", "elan"),
        ("STRASSE", "strasse"),
        ("Straße", "strasse"),
        ("Łódź", "lodz"),
        ("Ørsted Æble", "orsted aeble"),
        ("Ελλάς", "ελλασ"),
        ("Ёлкин", "елкин"),
        ("ＡＢＣ", "abc"),
        ("한국", "한국"),
        ("e\u0301lan", "elan"),
    ],
)
def test_a_text_is_folded(text: str, folded: str) -> None:
    assert fold(text) == folded


@pytest.mark.django_db
@given(st.lists(st.text(LETTERS, max_size=20), min_size=1, max_size=20))
def test_postgresql_folds_as_python_does(texts: list[str]) -> None:
    with connection.cursor() as cursor:
        sql = Fold.template % {"expressions": "t"}
        cursor.execute(f"SELECT t, {sql} FROM unnest(%s::text[]) t", [[*texts, "".join(SINGLE), "".join(SEVERAL)]])
        rows = cursor.fetchall()

    assert [there for _, there in rows] == [fold(text) for text, _ in rows]


@pytest.mark.django_db
class TestRecords:
    @pytest.mark.parametrize("words", ["elan", "Elan", "ÉLAN", "élan", "e\u0301lan"])
    def test_a_name_is_found_however_it_is_typed(self, words: str) -> None:
        account = AccountFactory(name="Élan Vital")

        assert Account.objects.matching(words).get() == account

    def test_names_sort_as_people_expect(self) -> None:
        for name in ("zeta", "Élan", "Zorn", "alpha", "Öl", "Beta"):
            AccountFactory(name=name)

        names = Account.objects.order_by("sort_name", "id").values_list("name", flat=True)

        assert list(names) == ["alpha", "Beta", "Élan", "Öl", "zeta", "Zorn"]

    def test_the_longest_name_has_room_however_it_is_taken_apart(self) -> None:
        contact = ContactFactory(last_name="ﷺ" * 255, first_name="ﷺ" * 255)

        assert Contact.objects.annotate(name_again=F("sort_name")).get() == contact
