import pytest

from contacts.models import Contact

pytestmark = pytest.mark.django_db


def test_search_finds_the_parts_of_an_email_address() -> None:
    Contact.objects.create(first_name="Ann", last_name="Roe", email="ann.roe@acme-widgets.example")

    assert Contact.objects.matching("widg an").count() == 1
    assert Contact.objects.matching("gadgets").count() == 0
