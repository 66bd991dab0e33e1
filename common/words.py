from typing import Any

from django.db.models import Model


def counted(number: int, model: type[Model]) -> str:
    """``counted(1, Contact)`` is "1 contact"."""
    names = model._meta
    return f"{number:,} {names.verbose_name if number == 1 else names.verbose_name_plural}"


def money(amount: Any, currency: str = "") -> str:
    """``money(1200, "EUR")`` is "1,200 EUR"; without an amount there is nothing to say of its currency."""
    return "" if amount is None else f"{amount:,.2f}".removesuffix(".00") + (f" {currency}" if currency else "")


def listed(words: list[str]) -> str:
    """``["a", "b", "c"]`` is "a, b and c"."""
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))


def few(words: list[str], most: int = 3) -> str:
    """The first ones, and how many there are besides: "a, b, c and 7 more"."""
    more = len(words) - most
    return listed([*words[:most], f"{more} more"] if more > 1 else words)
