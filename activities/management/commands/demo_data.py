"""Made-up people, companies and deals for the demo. Runs once: a workspace that has users is left alone."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand
from django.db import transaction
from django.utils import timezone

from accounts.models import Account
from activities.models import Activity
from common.acting import acting_as
from common.models import CustomField, RecordKind
from contacts.models import Contact
from contacts.models import Stage as ContactStage
from deals.models import Deal, DealContact
from deals.models import Stage as DealStage
from users.models import User

USERS = [
    ("admin@example.com", "Demo Admin", User.Role.ADMIN),
    ("maya@example.com", "Maya Demo", User.Role.MEMBER),
    ("tom@example.com", "Tom Demo", User.Role.MEMBER),
]
# company, domain, industry, city, then its people: first name, last name, title
COMPANIES = [
    (
        ("Lantern Robotics", "lantern-robotics.example", "Machinery", "Hamburg"),
        [("Ines", "Sample", "Head of Operations"), ("Karl", "Placeholder", "Chief Engineer")],
    ),
    (
        ("Blue Orchard Foods", "blue-orchard.example", "Food & Beverage", "Lyon"),
        [("Noor", "Example", "Purchasing Manager"), ("Luc", "Specimen", "Managing Director")],
    ),
    (
        ("Pebble & Sons", "pebble-sons.example", "Construction", "Leeds"),
        [("Ada", "Testwell", "Founder"), ("Ben", "Mockford", "Finance Director")],
    ),
]


class Command(BaseCommand):
    help = "Load the demo's users and records into an empty workspace."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--password", required=True)

    @transaction.atomic
    def handle(self, *args: Any, password: str, **options: Any) -> None:
        if User.objects.exists():
            return
        # The org has a restricted picklist of this name: what is typed here may be refused there.
        CustomField.objects.create(
            record_kind=RecordKind.CONTACT, key="level", label="Level", type=CustomField.Type.TEXT
        )
        users = [User.objects.create_user(email, password, name=name, role=role) for email, name, role in USERS]
        for owner, ((name, domain, industry, city), people) in zip(users, COMPANIES, strict=True):
            with acting_as(owner):
                account = Account.objects.create(
                    name=name, website=f"https://{domain}", industry=industry, city=city, owner=owner
                )
                contacts = [_contact(account, owner, *person) for person in people]
                _deal(account, contacts[0], owner)


def _contact(account: Account, owner: User, first_name: str, last_name: str, title: str) -> Contact:
    return Contact.objects.create(
        first_name=first_name,
        last_name=last_name,
        title=title,
        email=f"{first_name}.{last_name}@{account.domain}".lower(),
        company_name=account.name,
        account=account,
        stage=ContactStage.objects.first(),
        owner=owner,
    )


def _deal(account: Account, contact: Contact, owner: User) -> None:
    now = timezone.now()
    deal = Deal.objects.create(
        name=f"{account.name}: first order",
        account=account,
        stage=DealStage.objects.filter(pipeline__is_default=True)[0],
        amount=12_000,
        close_on=(now + timedelta(days=45)).date(),
        owner=owner,
    )
    DealContact.objects.create(deal=deal, contact=contact, role="Decision Maker", is_primary=True)
    about = {"owner": owner, "contact": contact, "account": account, "deal": deal}
    Activity.objects.create(
        kind=Activity.Kind.CALL,
        subject="Introduction",
        body="They want a proposal within the month.",
        happened_at=now - timedelta(days=2),
        completed_at=now - timedelta(days=2),
        **about,
    )
    Activity.objects.create(
        kind=Activity.Kind.TASK,
        subject="Send the proposal",
        happened_at=now,
        due_on=(now + timedelta(days=3)).date(),
        **about,
    )
