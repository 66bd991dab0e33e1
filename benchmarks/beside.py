"""The same pages of another CRM that is made with Django, with as many contacts: Creme, installed from its lock."""

import os
import subprocess
from collections.abc import Iterator

from django.urls import reverse

from benchmarks.asking import Asked, as_json, ask, from_json, table
from benchmarks.invented import SYLLABLES
from benchmarks.pages import COUNT, in_workspace, signed_in
from benchmarks.world import World
from contacts.models import Contact
from tests.localorg.conformance.installs import python_client
from tests.salesforce_org import ROOT
from users.models import User

CONTACTS = 10_000


def run(world: World) -> Iterator[str]:
    *_, ours = in_workspace(world, ["filling", str(CONTACTS)], ["beside"])
    title = f"pages at {CONTACTS:,} contacts each, 50 to a list, as an admin"
    yield table(title, [*_of_creme(world), *from_json(ours)])


def work() -> Iterator[str]:
    """Ask ours, of the database of DATABASE_URL."""
    client, path = signed_in(User.objects.filter(role=User.Role.ADMIN)[:1].get()), reverse("contacts:list")
    pages = {
        "list": [path],
        "list, a word": [f"{path}?q={word}" for word in SYLLABLES],
        "record": [one.get_absolute_url() for one in Contact.objects.order_by("search")[:20]],
    }
    yield as_json([ask(client, f"Tandem, {label}", urls, COUNT) for label, urls in pages.items()])


def _of_creme(world: World) -> list[Asked]:
    programs, folder = python_client("creme"), world.folder / "creme"
    folder.mkdir()
    world.database("creme")
    environment = os.environ | {
        "CREME_DATABASE": "creme",
        "CREME_FOLDER": str(folder),
        "CREME_HOST": str(world.server.get_postmaster_info().socket_dir),
        "DJANGO_SETTINGS_MODULE": "benchmarks.creme.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(folder)]),
        "PYTHONWARNINGS": "ignore",
    }
    for work in ("migrate", "creme_populate", "generatemedia"):
        subprocess.run([str(programs / "creme"), work], env=environment, cwd=folder, capture_output=True, check=True)
    command = [str(programs / "python"), "-m", "benchmarks.creme.ask", str(CONTACTS), str(COUNT)]
    done = subprocess.run(command, env=environment, cwd=folder, stdout=subprocess.PIPE, text=True, check=True)
    return from_json(done.stdout)
