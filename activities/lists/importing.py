"""An import may put its records on a list."""

from collections.abc import Sequence

from django import forms

from activities.lists import services
from common.importing.kinds import Afterwards, afterwards
from users.models import User


def _field(kind: str) -> forms.Field:
    return forms.CharField(
        label="Put them on a list",
        max_length=120,
        required=False,
        help_text="The name of a list, or of a new one. What is there already is put on it too.",
    )


def _add(kind: str, ids: Sequence[int], name: str, user: User) -> None:
    services.add_to_list(services.list_named(name, kind), ids, user=user)


afterwards("list", Afterwards(_field, _add))
