"""What merging two companies puts together beside the fields that are chosen."""

from collections.abc import Mapping
from typing import Any

from accounts.models import Account
from common.merging import combines


@combines(Account)
def combine(keep: Account, other: Account, before: Mapping[str, Any]) -> set[str]:
    """No account stands above itself: where one of the two would stand above the one that stays, nobody does."""
    above, seen = keep.parent, set()
    while above is not None and above.pk not in seen:
        if above.pk in (keep.pk, other.pk):
            keep.parent = None
            return {"parent"}
        seen.add(above.pk)
        above = above.parent
    return set()
