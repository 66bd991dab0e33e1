"""Giving records to somebody else, many at once."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q

from common.bulk import any_of, update_rows
from common.models import Record
from common.visibility import seen_of

if TYPE_CHECKING:
    from users.models import User


@transaction.atomic
def reassign(model: type[Record], ids: Sequence[int], owner: "User | None", *, user: "User | None") -> int:
    """Give records of one kind that ``user`` sees to ``owner``, or to nobody; returns how many changed hands.

    All or none: raises ValidationError when one of them is not there, or the owner is deactivated.
    """
    if owner is not None and not owner.is_active:
        raise ValidationError({"owner": f"{owner} is deactivated and can own nothing new."})
    rows = seen_of(model, user).filter(pk__in=any_of(ids, "bigint"))
    found = set(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    if missing := sorted(set(ids) - found):
        raise ValidationError({"ids": f"There is none with the id {', '.join(map(str, missing[:10]))}."})
    is_theirs = Q(owner=owner) if owner else Q(owner__isnull=True)
    return update_rows(model._base_manager.filter(~is_theirs, pk__in=any_of(found, "bigint")), owner=owner)
