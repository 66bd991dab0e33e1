"""A CSV file of a hundred thousand contacts: from the upload to the last row, their accounts made on the way."""

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random

from django.db import connections

from benchmarks import invented
from benchmarks.tables import Result, table
from benchmarks.workspace import Worker
from benchmarks.world import World

ROWS, WRONG = 100_000, 1_000  # one row of so many is rejected


def run(world: World) -> Iterator[str]:
    connections.close_all()  # nobody may be in a database that is copied
    file = world.folder / "contacts.csv"
    write(file)
    environment = {"DATABASE_URL": world.copy_database("bench")}
    done = Worker("import_contacts", str(file), environment=environment).begin()()
    result = replace(Result("Tandem, from the upload to the last row"), **done)
    yield from table(f"import of {ROWS:,} contacts and their accounts (aim: 120 s)", [result], [])


def write(file: Path) -> None:
    random = Random(ROWS)
    with file.open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["First name", "Last name", "E-mail", "Title", "Account", "Phone", "City"])
        for number in range(ROWS):
            first, last = random.choice(invented.FIRST), random.choice(invented.LAST)
            email = "nowhere" if number % WRONG == WRONG - 1 else f"person{number}@import.example"
            account = f"{random.choice(invented.COMPANIES)} {number % (ROWS // 5)}"
            city, _ = random.choice(invented.PLACES)
            writer.writerow([first, last, email, random.choice(invented.TITLES), account, f"+1 555 {number:07}", city])
