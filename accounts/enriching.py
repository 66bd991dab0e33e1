"""Which company of the directory an account is: that of its domain."""

from collections.abc import Collection

from accounts.models import Account
from accounts.prospecting import TAKEN_OVER
from common.bulk import any_of
from common.domains import is_free_mail
from common.models import RecordKind
from directory.enriching import Enrichable, freshest, register
from directory.models import Company
from directory.providers import look_up_companies


def entries_of(ids: Collection[int]) -> dict[int, Company]:
    """The entries of accounts by the accounts' ids."""
    accounts = Account.objects.filter(pk__in=any_of(ids, "bigint")).exclude(domain="")
    domains = dict(accounts.values_list("pk", "domain")) if ids else {}
    wanted = {domain for domain in domains.values() if not is_free_mail(domain)}
    rows = Company.objects.filter(domain__in=any_of(wanted)).exclude(domain="") if wanted else ()
    companies = freshest(rows, lambda company: company.domain)
    return {pk: companies[domain] for pk, domain in domains.items() if domain in companies}


def _ask(account: Account) -> list[str]:
    return look_up_companies([account.domain])


COMPANIES = register(Enrichable(RecordKind.ACCOUNT, names=TAKEN_OVER, entries_of=entries_of, ask=_ask))
