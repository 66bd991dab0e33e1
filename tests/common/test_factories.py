import pytest
from factory.django import DjangoModelFactory

from tests import factories

pytestmark = pytest.mark.django_db

FACTORIES = [
    made for made in vars(factories).values() if isinstance(made, type) and made.__module__ == factories.__name__
]


@pytest.mark.parametrize("factory", FACTORIES, ids=lambda made: made.__name__)
def test_a_factory_makes_rows_that_the_models_accept(factory: type[DjangoModelFactory]) -> None:
    for row in (factory(), factory()):
        row.full_clean(exclude=["password"])
