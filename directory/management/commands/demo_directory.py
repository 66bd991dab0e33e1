"""The demo's directory: made-up people and companies. One that is not empty is left alone."""

from argparse import ArgumentParser
from itertools import islice
from typing import Any

from django.core.management.base import BaseCommand

from directory import made_up
from directory.loading import load_companies, load_prospects
from directory.models import Company

PIECE = 5_000


class Command(BaseCommand):
    help = "Load made-up people and companies into an empty directory."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--people", type=int, default=20_000)
        parser.add_argument("--companies", type=int, default=2_000)

    def handle(self, *args: Any, people: int, companies: int, **options: Any) -> None:
        if Company.objects.exists():
            return
        load_companies(made_up.companies(companies))
        entries = made_up.people(people, of=companies)
        while piece := list(islice(entries, PIECE)):
            load_prospects(piece)
        load_companies(made_up.known_companies())
        load_prospects(made_up.known_people())
        if companies > made_up.FARTHEST:
            load_prospects(made_up.moved_people())
