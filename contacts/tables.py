"""How contacts are listed."""

import django_filters
from django.db.models import Q, QuerySet

from accounts.models import Account
from common.acting import acting_user
from common.bulk import any_of
from common.filters import RecordPageFilter, YesNoFilter
from common.lines import as_html
from common.models import RecordKind
from common.search import FOUND, best_found, matching
from common.tables import RecordTable, field_cell, record_columns, register
from common.visibility import seen_of
from contacts.filters import ORDERS, ContactFilter
from contacts.forms import ContactForm
from contacts.models import Contact, JobChange


def changes_job() -> Q:
    return Q(pk__in=JobChange.objects.to_decide().values("contact"))


class ContactPageFilter(RecordPageFilter, ContactFilter):
    kind = RecordKind.CONTACT
    of_company = django_filters.CharFilter(label="Account", method="filter_company")
    job_change = YesNoFilter(when=changes_job, label="Job change", empty_label="Any")

    class Meta(ContactFilter.Meta):
        pass

    def filter_company(self, queryset: QuerySet, name: str, value: str) -> QuerySet:
        """By words of the account. Of up to a thousand accounts PostgreSQL is told which: it would guess badly."""
        accounts = seen_of(Account, acting_user())
        found = best_found(accounts, value) if matching(value) else None
        if found is not None and len(found) <= FOUND:
            return queryset.filter(account__in=any_of(found, "bigint"))
        return queryset.filter(account__in=accounts.matching(value).values("pk")) if found else queryset


def _account(contact: Contact) -> str:
    return as_html(contact.account or contact.company_name)


def _under_name(contact: Contact) -> str:
    return " · ".join(filter(None, [contact.title, contact.email]))


CONTACTS = register(
    RecordTable(
        kind=RecordKind.CONTACT,
        model=Contact,
        filters=ContactPageFilter,
        orders=ORDERS,
        sorts={"name": "By name", "newest": "Newest first", "changed": "Changed last"},
        chosen=("account", "stage", "owner"),
        columns=lambda: record_columns(ContactForm, {"account": _account}, without=["first_name"]),
        related=("account", "owner", "stage"),
        under_name=_under_name,
        named=(field_cell(Contact, "first_name"), field_cell(Contact, "last_name")),
    )
)
