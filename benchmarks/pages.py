"""Pages of a workspace of full size: times, queries and bytes, as an admin and as a member who sees what is theirs."""

import os
import subprocess
import sys
from collections.abc import Iterator
from importlib import import_module

from django.db import connections
from django.test import Client

from benchmarks.addresses import lists, records
from benchmarks.asking import ask, table
from benchmarks.world import World
from common.models import Workspace
from common.visibility import let_see_pulled
from tests.salesforce_org import ROOT
from users.models import User

COUNT = 40
AIMS = (("lists", "p95 within 100 ms", lists), ("records", "p95 within 80 ms", records))


def run(world: World) -> Iterator[str]:
    yield from in_workspace(world, ["filling", str(world.filled)], ["pages"])


def in_workspace(world: World, *works: list[str]) -> Iterator[str]:
    """What the ``work`` of modules, with its arguments, tells of a fresh workspace, one after the other."""
    connections.close_all()  # nobody may be in a database that is copied
    environment = os.environ | {"DATABASE_URL": world.copy_database("bench")}
    for work in works:
        command = [sys.executable, "-m", "benchmarks.with_django", *work]
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
        yield done.stdout.rstrip()


def work(words: str = "", count: str = str(COUNT)) -> Iterator[str]:
    """Ask the pages of the database of DATABASE_URL, or those whose label has these words."""
    import_module("config.wsgi")  # it prepares the process, as it does that of the server
    for role, sees in ((User.Role.ADMIN, Workspace.SeenBy.EVERYONE), (User.Role.MEMBER, Workspace.SeenBy.OWNERS)):
        let_see_pulled(sees)
        user = User.objects.filter(role=role).order_by("-pk")[:1].get()
        for name, aim, addresses in AIMS:
            wanted = {label: urls for label, urls in addresses(user).items() if words in label}
            if wanted:
                asked = [ask(signed_in(user), label, urls, int(count)) for label, urls in wanted.items()]
                yield table(f"{name}, {_who(user)} ({aim})", asked)
    let_see_pulled(Workspace.SeenBy.EVERYONE)


def signed_in(user: User) -> Client:
    client = Client(SERVER_NAME="localhost")
    client.force_login(user)
    return client


def _who(user: User) -> str:
    return "an admin" if user.is_admin else "a member, pulled records kept to owners"
