"""What accounts add to the directory: companies that the CRM has are marked."""

from collections.abc import Sequence

from django.db.models import Model
from django.utils.html import format_html

from accounts.models import Account
from common import slots
from common.http import Request
from common.visibility import seen_of
from directory.models import Company

MARK = '<a class="badge bg-green-lt" href="{}" aria-label="Account {}">In CRM</a>'
UNSEEN = '<span class="badge bg-green-lt">In CRM</span>'


@slots.fill("directory.badges")
def known_companies(request: Request, entries: Sequence[Model]) -> list[str]:
    wanted = {entry.account_id for entry in entries if isinstance(entry, Company) and entry.account_id}
    accounts = seen_of(Account, request.user).in_bulk(wanted) if wanted else {}
    return [_mark(entry, accounts.get(getattr(entry, "account_id", None))) for entry in entries]


def _mark(entry: Model, account: Account | None) -> str:
    if not isinstance(entry, Company) or entry.account_id is None:
        return ""
    return format_html(MARK, account.get_absolute_url(), account) if account else UNSEEN
