"""How accounts come from a file: matched by the domain of the website, else by name."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.db.models import Q

from accounts.forms import AccountForm
from accounts.models import Account
from common.bulk import any_of
from common.domains import registrable_domain
from common.folding import fold
from common.importing.kinds import Kind, Likeness, Values, register
from common.models import RecordKind

CIRCLE = "An account cannot stand above itself."


def _domain(values: Values) -> str | None:
    return registrable_domain(values.get("website", "")) or None


def _name(values: Values) -> str | None:
    return fold(values.get("name", "")) or None


def _is_no_other(values: Values, account: Account) -> bool:
    """Two companies of one name have websites of their own."""
    domain = _domain(values)
    return not domain or not account.domain or domain == account.domain


def _circles(accounts: Sequence[Account]) -> Mapping[Any, str]:
    """Which of these would stand above themselves, read level by level, however many they are."""
    above = {one.pk: one.parent_id for one in accounts if one.pk}
    asked = {pk for pk in above.values() if pk} - set(above)
    while asked:
        found = dict(Account.objects.filter(pk__in=any_of(asked, "bigint")).values_list("pk", "parent_id"))
        above |= found
        asked = {pk for pk in found.values() if pk} - set(above)
    return {one.pk: CIRCLE for one in accounts if one.pk and _is_in_circle(one.pk, above)}


def _is_in_circle(pk: int, above: Mapping[int, int | None]) -> bool:
    seen: set[int] = set()
    at = above.get(pk)
    while at and at != pk and at not in seen:
        seen.add(at)
        at = above.get(at)
    return at == pk


def _named(text: str) -> dict[str, str]:
    return {"name": text[:255], **({"website": text[:255]} if _is_domain(text) else {})}


def _is_domain(text: str) -> bool:
    return "." in text and " " not in text and registrable_domain(text) == text.lower()


register(
    Kind(
        RecordKind.ACCOUNT,
        AccountForm,
        likenesses=(
            Likeness(
                _domain,
                lambda account: [account.domain] if account.domain else [],
                lambda domains: [Q(domain__in=any_of(domains)) & ~Q(domain="")],
            ),
            Likeness(
                _name,
                lambda account: [fold(account.name)],
                lambda names: [Q(sort_name__in=any_of(names))],
                _is_no_other,
            ),
        ),
        matched="the domain of its website, else by its name",
        aliases={
            "name": ("account name", "company", "company name", "organization", "organisation", "firma"),
            "website": ("url", "web site", "homepage", "domain", "company domain"),
            "phone": ("phone number", "telephone"),
            "employees": ("number of employees", "employee count", "company size"),
            "annual_revenue": ("revenue",),
            "founded_year": ("founded", "year founded", "year started"),
            "street": ("address", "street address", "billing street"),
            "city": ("billing city", "town"),
            "state": ("region", "province", "state province", "billing state"),
            "postal_code": ("zip", "zip code", "postcode", "plz", "billing zip postal code"),
            "country": ("billing country",),
            "linkedin_url": ("linkedin", "linkedin page"),
            "parent": ("parent account", "parent company"),
            "owner": ("owner email", "account owner"),
            "sic": ("sic",),
            "ticker": ("ticker symbol",),
        },
        check=_circles,
        making=_named,
    )
)
