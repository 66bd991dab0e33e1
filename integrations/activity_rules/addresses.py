"""E-mail addresses and domains in the one form in which they are compared: small letters, ASCII domains (IDNA)."""

from email.utils import getaddresses, parseaddr

import idna


def plain_address(text: str) -> str:
    """The bare address of “Ann Roe <ann@acme.example>” or “ann@acme.example”; "" where there is none.

    >>> plain_address("Ann <Ann@BÜCHER.example>")
    'ann@xn--bcher-kva.example'
    """
    local, at, domain = parseaddr(text)[1].rpartition("@")
    return f"{local.casefold()}@{plain_domain(domain)}" if local and at and domain else ""


def addresses_in(text: str) -> tuple[str, ...]:
    """Addresses as somebody types them: in lines, or with commas or semicolons between them."""
    return tuple(address for _, address in getaddresses(text.replace(";", ",").splitlines()) if address)


def plain_domain(text: str) -> str:
    """A domain as it is registered; "@acme.example" and "*.acme.example" are the domain too.

    >>> plain_domain("@Bücher.example.")
    'xn--bcher-kva.example'
    """
    domain = text.strip().removeprefix("*").lstrip("@.").rstrip(".").lower()
    if domain.isascii():
        return domain
    try:
        return idna.encode(domain, uts46=True).decode("ascii").lower()
    except idna.IDNAError:
        return domain


def is_under(address: str, domain: str) -> bool:
    """Whether an address is on a domain or one below it; both in their plain form."""
    host = address.rpartition("@")[2]
    return host == domain or host.endswith(f".{domain}")
