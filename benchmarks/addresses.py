"""What people look at, as addresses of pages. Where a label has several, each round takes the next one."""

from collections.abc import Iterable
from typing import Any
from urllib.parse import urlencode

from django.db.models import Count
from django.urls import reverse

from accounts.models import Account
from activities.models import Activity
from common.paging import keyset_page
from common.visibility import seen_of
from contacts.filters import ORDERS
from contacts.models import Contact
from contacts.models import Stage as ContactStage
from deals.models import Deal, Stage
from users.models import User

Addresses = dict[str, list[str]]
LETTERS = "bdfhjlnprtw"
FREQUENT, RARE = ("manager", "sales", "head", "mail"), ("glassblower", "ada ackerberg", "xenia zellwick")


def lists(user: User) -> Addresses:
    contacts, owners = reverse("contacts:list"), User.objects.filter(role=User.Role.MEMBER)[:10]
    mine = seen_of(Contact, user).exclude(account=None)
    return {
        "contacts, first page": [contacts],
        "contacts, deep down": [_url(contacts, sort="name", after=_deep(letter)) for letter in LETTERS],
        "contacts, newest first": [_url(contacts, sort="newest")],
        "contacts, changed last": [_url(contacts, sort="changed")],
        "contacts, a frequent word": [_url(contacts, q=word) for word in FREQUENT],
        "contacts, a rare word": [_url(contacts, q=word) for word in RARE],
        "contacts, two letters": [_url(contacts, q=letters) for letters in ("an", "st", "ma", "zo")],
        "contacts, of an owner": [_url(contacts, owner=owner.pk) for owner in owners],
        "contacts, of an owner, newest": [_url(contacts, owner=owner.pk, sort="newest") for owner in owners],
        "contacts, at a stage": [_url(contacts, stage=stage.pk) for stage in ContactStage.objects.all()],
        "contacts, of an owner at a stage": [
            _url(contacts, owner=owner.pk, stage=stage.pk)
            for owner, stage in zip(owners, ContactStage.objects.all(), strict=False)
        ],
        "contacts, of an account": [_url(contacts, account=pk) for pk in mine.values_list("account", flat=True)[:20]],
        "contacts, synced": [_url(contacts, synced=word) for word in ("yes", "no")],
        "contacts, without e-mail": [_url(contacts, has_email="no")],
        "contacts, custom field, frequent": [_url(contacts, custom_region=word) for word in ("North", "East")],
        "contacts, custom field, rare": [_url(contacts, custom_region="Islands"), _url(contacts, custom_score=17)],
        "contacts, a rare word of an owner": [_url(contacts, q=RARE[0], owner=owner.pk) for owner in owners],
        "contacts, waiting or refused": [_url(contacts, sync=state) for state in ("waiting", "failed", "skipped")],
        "contacts, in step or not pushed": [_url(contacts, sync=state) for state in ("synced", "not_eligible")],
        "contacts, hidden": [_url(contacts, hidden="yes")],
        "accounts, first page": [reverse("accounts:list")],
        "accounts, a word": [_url(reverse("accounts:list"), q=word) for word in ("amber", "gmbh", "porto")],
        "accounts, of an owner": [_url(reverse("accounts:list"), owner=owner.pk) for owner in owners],
        "deals, first page": [reverse("deals:list")],
        "deals, open, by close date": [_url(reverse("deals:list"), open="yes", sort="close")],
        "deals, at a stage": [_url(reverse("deals:list"), stage=stage.pk) for stage in Stage.objects.choosable()],
        "deals, a word": [_url(reverse("deals:list"), q=word) for word in ("renewal", "pilot 77")],
        "board": [reverse("deals:board")],
        "board of an owner": [_url(reverse("deals:board"), owner=owner.pk) for owner in owners],
        "forecast": [reverse("deals:forecast")],
        "quick search": [_url(reverse("search"), q=words) for words in ("ad", "ada", "amber an", "ren", *RARE)],
        "home": [reverse("home")],
    }


def records(user: User) -> Addresses:
    contacts = seen_of(Contact, user)
    accounts = seen_of(Account, user).annotate(people=Count("contacts")).order_by("-people")
    most = Activity.objects.values("contact").annotate(number=Count("id")).order_by("-number").values("contact")
    busy = contacts.filter(pk=most[:1])
    return {
        "contact with most activities": _pages(busy) or _pages(contacts[:1]),
        "contacts": _pages(contacts.order_by("search", "id")[:20]),
        "accounts with most contacts": _pages(accounts[:5]),
        "accounts": _pages(seen_of(Account, user).order_by("search", "id")[:20]),
        "deals": _pages(seen_of(Deal, user).order_by("search", "id")[:20]),
    }


def _deep(letter: str) -> str:
    """The place of the first contact of a letter."""
    return keyset_page(Contact.objects.filter(sort_name__gte=letter), ORDERS["name"], size=1).next


def _url(path: str, **query: Any) -> str:
    return f"{path}?{urlencode(query)}"


def _pages(rows: Iterable[Any]) -> list[str]:
    return [row.get_absolute_url() for row in rows]
