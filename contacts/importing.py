"""How contacts come from a file: matched by any known address."""

from collections.abc import Collection
from typing import Any

from django.db.models import Q

from common.bulk import any_of, array_of
from common.importing.cells import name_parts
from common.importing.kinds import Kind, Likeness, Values, register
from common.models import RecordKind
from contacts.forms import ContactForm
from contacts.services import follow_changes


def _address(values: Values) -> str | None:
    return values.get("email", "").lower() or None


def _addresses(contact: Any) -> list[str]:
    return [address for address in (contact.email.lower(), *contact.other_emails) if address]


def _among(addresses: Collection[Any]) -> list[Q]:
    return [
        Q(email_key__in=any_of(addresses)) & ~Q(email=""),
        Q(other_emails__overlap=array_of(addresses)) & ~Q(other_emails=[]),
    ]


def _parts(text: str) -> dict[str, str]:
    first, last = name_parts(text)
    return {"first_name": first, "last_name": last}


register(
    Kind(
        RecordKind.CONTACT,
        ContactForm,
        likenesses=(Likeness(_address, _addresses, _among),),
        matched="one of its e-mail addresses",
        aliases={
            "full_name": ("name", "contact name", "contact"),
            "first_name": ("given name", "forename", "vorname"),
            "last_name": ("surname", "family name", "nachname"),
            "email": ("email", "e mail", "email address", "mail", "work email"),
            "title": ("job title", "position", "role"),
            "account": ("account name", "account domain"),
            "company_name": ("company", "company name", "organization", "organisation", "employer", "firma"),
            "phone": ("phone number", "telephone", "work phone", "business phone", "telefon"),
            "mobile_phone": ("mobile", "cell", "cell phone", "mobile number", "mobil"),
            "linkedin_url": ("linkedin", "linkedin profile"),
            "street": ("address", "street address", "mailing street"),
            "city": ("mailing city", "town"),
            "state": ("region", "province", "state province", "mailing state"),
            "postal_code": ("zip", "zip code", "postcode", "plz", "mailing zip postal code"),
            "country": ("mailing country",),
            "stage": ("lead status", "status"),
            "owner": ("owner email", "contact owner", "lead owner"),
            "no_email": ("email opt out", "opted out of email", "unsubscribed"),
        },
        follow=follow_changes,
        made_of={"full_name": ("Full name", _parts)},
    )
)
