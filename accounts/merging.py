"""What merging two companies puts together beside the fields that are chosen."""

from accounts.models import Account
from common.merging import combines


@combines(Account)
def combine(keep: Account, other: Account) -> set[str]:
    """No account stands above itself: where the other stood above the one that stays, nobody does any more."""
    above, seen = keep.parent, set()
    while above is not None and above.pk not in seen:
        if above.pk == other.pk:
            keep.parent = None
            return {"parent"}
        seen.add(above.pk)
        above = above.parent
    return set()
