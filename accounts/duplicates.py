"""How one company is recognised in two accounts: by its domain, else by its name where the domains don't speak
against it.
"""

from accounts.models import Account
from common.duplicates import Likeness, recognise

recognise(
    Account,
    columns=("name", "website", "domain"),
    likenesses=(
        Likeness("Same domain.", "b.domain = a.domain AND b.domain <> ''"),
        Likeness("Same name.", "b.sort_name = a.sort_name AND (a.domain = '' OR b.domain = '')"),
    ),
)
