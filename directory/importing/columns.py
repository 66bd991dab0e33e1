"""What columns of a file of people, or of companies, can become."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django import forms
from django.db import models

from common.importing.targets import Aliases, Target
from directory.importing import words
from directory.models import Company, Prospect

FULL_NAME = "full_name"
WRITTEN: Mapping[str, Callable[[str], str]] = {
    "annual_revenue": words.amount,
    "employees": words.employees,
    "founded_year": words.year,
    "domain": words.domain,
    "company_domain": words.domain,
    "email_status": words.email_status,
}


@dataclass(frozen=True)
class FileKind:
    """``groups``: columns of the model by the heading above them. ``beside``: what is none of them, with its label.

    ``made_of``: what can stand for ``required``. ``named_by``: what an entry is known by where the file has no keys,
    the better one first.
    """

    name: str
    one: str
    model: type[models.Model]
    groups: Mapping[str, tuple[str, ...]]
    beside: Mapping[str, tuple[str, str]]
    required: str
    made_of: tuple[str, ...]
    named_by: tuple[str, ...]
    aliases: Aliases = field(default_factory=dict)

    @cached_property
    def targets(self) -> dict[str, Target]:
        found = {
            name: Target(name, _label(name, column), group, column)
            for group, names in self.groups.items()
            for name in names
            for column in [_form_field(self.model, name)]
        }
        for name, (label, group) in self.beside.items():
            found[name] = Target(name, label, group, forms.CharField(max_length=255))
        order = list(dict.fromkeys(target.group for target in found.values()))
        return dict(sorted(found.items(), key=lambda item: order.index(item[1].group)))


def _form_field(model: type[models.Model], name: str) -> forms.Field:
    column: Any = model._meta.get_field(name)
    options = {"assume_scheme": "https"} if isinstance(column, models.URLField) else {}
    return column.formfield(required=False, **options)


def _label(name: str, column: forms.Field) -> str:
    if name == "key":
        return "Key in the source"
    label = str(column.label)
    return label[:1].upper() + label[1:]


PLACE = ("city", "state", "country")
_ALIASES: Aliases = {
    "key": ("id", "record id", "person id", "contact id", "company id", "external id", "source id"),
    "linkedin_url": (
        "linkedin", "person linkedin url", "company linkedin url", "linkedin profile", "linkedin profile url",
    ),
    "state": ("region", "province", "state province", "state region", "person state", "company state"),
    "country": ("person country", "company country", "country region"),
    "city": ("town", "person city", "company city"),
}  # fmt: skip
PEOPLE = FileKind(
    name="people",
    one="person",
    model=Prospect,
    groups={
        "Person": ("key", "first_name", "last_name", "title", "seniority", "department", "headline"),
        "Reached at": ("email", "email_status", "phone", "mobile_phone", "linkedin_url"),
        "Place": (*PLACE, "time_zone"),
        "Company": ("company_name",),
    },
    beside={
        FULL_NAME: ("Full name", "Person"),
        "company_domain": ("Company’s domain", "Company"),
        "company_key": ("Key of the company", "Company"),
    },
    required="last_name",
    made_of=(FULL_NAME,),
    named_by=("email", "linkedin_url"),
    aliases={
        **_ALIASES,
        FULL_NAME: ("name", "contact name", "person name"),
        "first_name": ("given name", "forename", "vorname"),
        "last_name": ("surname", "family name", "nachname"),
        "title": ("job title", "position", "role"),
        "seniority": ("seniority level", "management level", "level"),
        "department": ("departments", "function", "job function"),
        "email": ("email", "e mail", "email address", "mail", "work email", "business email"),
        "email_status": ("email confidence", "email verification", "email verification status"),
        "phone": ("phone number", "telephone", "work phone", "work direct phone", "direct phone", "corporate phone"),
        "mobile_phone": ("mobile", "cell", "cell phone", "mobile number"),
        "company_name": ("company", "organization", "organisation", "organization name", "employer", "account name"),
        "company_domain": ("website", "company website", "company domain name", "domain", "web site"),
        "company_key": ("company key", "organization id", "account id"),
        "time_zone": ("timezone",),
    },
)
COMPANIES = FileKind(
    name="companies",
    one="company",
    model=Company,
    groups={
        "Company": (
            "key", "name", "domain", "industry", "employees", "annual_revenue", "founded_year", "description",
            "ticker", "sic",
        ),
        "Reached at": ("phone", "linkedin_url"),
        "Place": ("street", "postal_code", *PLACE),
    },
    beside={},
    required="name",
    made_of=(),
    named_by=("domain", "name"),
    aliases={
        **_ALIASES,
        "name": ("company", "company name", "organization", "organisation", "organization name", "account name"),
        "domain": ("website", "company website", "company domain name", "web site", "url", "homepage"),
        "industry": ("primary industry", "sector"),
        "employees": ("number of employees", "employee count", "company size", "size", "headcount"),
        "annual_revenue": ("revenue", "revenue range"),
        "founded_year": ("founded", "year founded"),
        "phone": ("phone number", "company phone", "telephone"),
        "street": ("address", "street address", "company street", "company address"),
        "postal_code": ("zip", "zip code", "postcode", "company postal code"),
        "description": ("short description", "about", "summary"),
        "sic": ("sic code", "sic codes"),
        "ticker": ("ticker symbol", "stock symbol"),
    },
)  # fmt: skip
KINDS = {kind.name: kind for kind in (PEOPLE, COMPANIES)}
