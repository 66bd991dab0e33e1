"""What goes on during a soak: people browse, both sides are edited, calls fail, workers die, memory is watched."""

import random
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import requests
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token

from benchmarks.invented import SYLLABLES
from benchmarks.world import World
from tests.deploying.fleet import Member
from tests.integrations.sync.sides import CALLS, FAULTS, LOCAL_FIELDS, REMOTE_FIELDS
from users.models import User

EDITS = 20  # a second, half of them on each side
MADE = 0.05  # share of edits that make a record
THINKS = (2.0, 20.0)  # seconds between two pages
PASSING = [fault for fault in FAULTS if fault["do"] != "limit"]  # of the org's limit Tandem rests a quarter of an hour
FAULT_EVERY, FAULT_LASTS = 20.0, 8.0
TOKENS_LOST = 3  # at once: a login that is refused again and again waits for a person
KILL_EVERY = 30.0
LOOK_EVERY = 5.0
MIB = 1024  # KiB
REMOTE = REMOTE_FIELDS["Contact"]


class Soak:
    """``times``: seconds of pages by label; ``memory``: MiB by process; ``failures``: what nobody should have seen."""

    def __init__(self, world: World, url: str, ids: Sequence[tuple[int, str]], seed: int) -> None:
        self.world, self.url, self.seed = world, url, seed
        self.ids = ids
        self.times: dict[str, list[float]] = defaultdict(list)
        self.memory: dict[str, list[float]] = defaultdict(list)
        self.failures: list[str] = []
        self.counts: dict[str, int] = defaultdict(int)
        self.made: list[str] = []
        self._is_over = threading.Event()

    @contextmanager
    def going_on(self, users: Sequence[User], watched: Sequence[Member], mortal: Sequence[Member]) -> Iterator[None]:
        tokens = [Token.objects.get_or_create(user=user)[0].key for user in users]
        works = [self._browsing(user) for user in users]
        works += [lambda: self._edit_here(tokens), self._edit_there, self._break, lambda: self._kill(mortal)]
        works += [lambda: self._watch(watched)]
        threads = [threading.Thread(target=self._guarded, args=(work,)) for work in works]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._is_over.set()
            for thread in threads:
                thread.join()
            self.world.org.faults()

    def _guarded(self, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception as error:
            self.failures.append(repr(error))

    def _rests(self, seconds: float) -> bool:
        """Whether to go on after a pause."""
        return not self._is_over.wait(max(0.0, seconds))

    def _browsing(self, user: User) -> Callable[[], None]:
        client = Client(SERVER_NAME="localhost")
        client.force_login(user)
        session = requests.Session()
        session.cookies.update({name: cookie.value for name, cookie in client.cookies.items()})
        chance = random.Random(f"{self.seed} {user.pk}")

        def browse() -> None:
            while self._rests(chance.uniform(*THINKS)):
                label, path = self._page(chance)
                began = time.perf_counter()
                answer = session.get(self.url + path, timeout=60, allow_redirects=False)
                self.times[label].append(time.perf_counter() - began)
                if answer.status_code != requests.codes.ok:
                    self.failures.append(f"{path}: {answer.status_code}")

        return browse

    def _page(self, chance: random.Random) -> tuple[str, str]:
        contacts, word = reverse("contacts:list"), chance.choice(SYLLABLES)
        return chance.choice(
            [
                ("contacts", contacts),
                ("contacts, a word", f"{contacts}?{urlencode({'q': word})}"),
                ("contacts, changed last", f"{contacts}?sort=changed"),
                ("contact", reverse("contacts:detail", args=[chance.choice(self.ids)[0]])),
                ("contact", reverse("contacts:detail", args=[chance.choice(self.ids)[0]])),
                ("accounts", reverse("accounts:list")),
                ("deals", reverse("deals:list")),
                ("board", reverse("deals:board")),
                ("quick search", f"{reverse('search')}?{urlencode({'q': word})}"),
                ("home", reverse("home")),
            ]
        )

    def _edit_here(self, tokens: Sequence[str]) -> None:
        chance, session = random.Random(f"{self.seed} here"), requests.Session()
        for number in self._paced("here"):
            headers = {"Authorization": f"Token {chance.choice(tokens)}"}
            if chance.random() < MADE:
                values = {"first_name": "Soaked", "last_name": f"Here {number}", "email": f"here{number}@gmail.com"}
                answer = session.post(f"{self.url}/api/v1/contacts/", json=values, headers=headers, timeout=60)
                self.made.append(f"Here {number}")
            else:
                values = {chance.choice(LOCAL_FIELDS): f"here {number}"}
                path = f"{self.url}/api/v1/contacts/{chance.choice(self.ids)[0]}/"
                answer = session.patch(path, json=values, headers=headers, timeout=60)
            if not answer.ok:
                self.failures.append(f"{answer.request.url}: {answer.status_code} {answer.text}")

    def _edit_there(self) -> None:
        chance = random.Random(f"{self.seed} there")
        for number in self._paced("there"):
            if chance.random() < MADE:
                email = f"there{number}@gmail.com"
                self.world.org.create("Contact", FirstName="Soaked", LastName=f"There {number}", Email=email)
                self.made.append(f"There {number}")
            else:
                values = {chance.choice(REMOTE): f"there {number}"}
                self.world.org.update("Contact", chance.choice(self.ids)[1], **values)

    def _paced(self, side: str) -> Iterator[int]:
        """So many a second as are wanted; fewer where an answer takes longer."""
        began = time.monotonic()
        while self._rests(began + self.counts[side] * 2 / EDITS - time.monotonic()):
            self.counts[side] += 1
            yield self.counts[side]

    def _break(self) -> None:
        chance = random.Random(f"{self.seed} faults")
        while self._rests(FAULT_EVERY - FAULT_LASTS):
            fault = chance.choice(PASSING)
            times = TOKENS_LOST if fault["do"] == "expire" else None
            self.world.org.faults({"match": {"path": chance.choice(CALLS)}, **fault, "times": times})
            self.counts["faults"] += 1
            self._rests(FAULT_LASTS)
            self.world.org.faults()

    def _kill(self, mortal: Sequence[Member]) -> None:
        chance = random.Random(f"{self.seed} kills")
        while self._rests(KILL_EVERY):
            member = chance.choice(mortal)
            member.kill()
            member.start()
            self.counts["kills"] += 1

    def _watch(self, watched: Sequence[Member]) -> None:
        while self._rests(LOOK_EVERY):
            for member in watched:
                self.memory[member.name].append(held_by(member))


def held_by(member: Member) -> float:
    """MiB of memory that a member and its children have for themselves, shared pages by their share."""
    assert member.process
    group = str(member.process.pid)
    return sum(_proportional(path) for path in Path("/proc").glob("[0-9]*") if _group_of(path) == group) / MIB


def _group_of(path: Path) -> str:
    try:
        return (path / "stat").read_text().rsplit(") ", 1)[1].split()[2]
    except OSError:  # it ended meanwhile
        return ""


def _proportional(path: Path) -> int:
    try:
        lines = (path / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
