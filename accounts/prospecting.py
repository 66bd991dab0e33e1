"""Companies of the directory become accounts, when somebody of them is saved."""

from collections.abc import Collection, Iterable

from accounts.models import Account
from common.acting import acting_user
from common.bulk import any_of, create_rows, write_columns
from common.models import Origin
from directory.models import Company

TAKEN_OVER = (
    "name", "industry", "employees", "annual_revenue", "founded_year", "phone", "linkedin_url", "street", "city",
    "state", "postal_code", "country", "description", "sic", "ticker",
)  # fmt: skip


def lock_companies(ids: Iterable[int]) -> None:
    """Those of the same domains, too: a new account marks them all. Companies are locked before people (loading.py)."""
    chosen = set(ids)
    domains = set(Company.objects.filter(pk__in=any_of(chosen, "bigint")).values_list("domain", flat=True)) - {""}
    alike = Company.objects.filter(domain__in=any_of(domains)).exclude(domain="").values_list("pk", flat=True)
    rows = Company.objects.filter(pk__in=any_of(chosen.union(alike), "bigint")).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def accounts_of(companies: Collection[Company], *, origin: str = Origin.PROSPECTING) -> dict[int, int]:
    """The ids of their accounts by those of the companies; inside the caller's transaction.

    Which accounts there are is kept by domain (``marks.py``); the rows are locked, so that two people make one account.
    """
    ids = {company.pk for company in companies}
    rows = list(Company.objects.select_for_update(no_key=True).filter(pk__in=any_of(ids, "bigint")).order_by("pk"))
    new = [company for company in rows if company.account_id is None]
    made: dict[str | int, Account] = {}
    for company in new:
        made.setdefault(company.domain or company.pk, _account(company, origin))
    create_rows(list(made.values()))
    for company in new:
        company.account_id = made[company.domain or company.pk].pk
    write_columns(new, ["account_id"])
    return {company.pk: company.account_id for company in rows if company.account_id}


def _account(company: Company, origin: str) -> Account:
    values = {name: getattr(company, name) for name in TAKEN_OVER}
    website = f"https://{company.domain}" if company.domain else ""
    account = Account(owner=acting_user(), origin=origin, website=website, **values)
    account.derive()
    return account
