"""What merging two deals puts together beside the fields that are chosen."""

from collections.abc import Mapping
from typing import Any

from common.merging import combines
from deals.models import Deal


@combines(Deal)
def combine(keep: Deal, other: Deal, before: Mapping[str, Any]) -> set[str]:
    """A deal has one primary contact: that of the one that stays, if it has any."""
    if keep.roles.filter(is_primary=True).exists():
        other.roles.update(is_primary=False)
    return set()
