"""Fill Creme and ask its pages, inside its environment: ``python -m benchmarks.creme.ask 10000 40``."""

import sys
from importlib.metadata import version
from random import Random

import django

django.setup()

from creme.persons import get_contact_model  # noqa: E402 - models are there once Django is set up
from django.contrib.auth import get_user_model  # noqa: E402
from django.db import transaction  # noqa: E402
from django.test import Client  # noqa: E402

from benchmarks import invented  # noqa: E402
from benchmarks.asking import as_json, ask  # noqa: E402

Contact = get_contact_model()
VERSION = version("creme-crm")


def main() -> None:
    contacts, count = map(int, sys.argv[1:])
    user = get_user_model().objects.filter(is_superuser=True).first()
    _fill(contacts, user)
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    path = f"{Contact.get_lv_absolute_url()}?rows=50"
    some = Contact.objects.order_by("-pk")[:20]
    pages = {
        "list": [path],
        "list, a word": [f"{path}&search-regular_field-last_name={word}" for word in invented.SYLLABLES],
        "record": [one.get_absolute_url() for one in some],
    }
    print(as_json([ask(client, f"Creme CRM {VERSION}, {label}", urls, count) for label, urls in pages.items()]))


@transaction.atomic
def _fill(contacts: int, user: object) -> None:
    random = Random(contacts)
    for number in range(Contact.objects.count(), contacts):
        first, last = random.choice(invented.FIRST), random.choice(invented.LAST)
        Contact.objects.create(
            user=user,
            first_name=first,
            last_name=last,
            email=f"contact{number}@mail.example",
            phone=f"+1 555 {number:07}",
        )


if __name__ == "__main__":
    main()
