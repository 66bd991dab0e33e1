"""How long pages take: asked of the application in this process, as its server would ask it.

It needs nothing but Django, so that it can ask the pages of other programs in environments of their own.
"""

import gzip
import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http import HTTPStatus
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from django.db import connection as database
from django.test import Client

LABEL = 44
UNPROCESSABLE = 422  # a page, too: of what is wrong with what was sent
Address = str | tuple[str, dict[str, Any]]  # with what is posted to it


@dataclass(frozen=True)
class Asked:
    """Of one kind of page: milliseconds by the clock and computed (by Python and PostgreSQL), queries, bytes."""

    label: str
    times: Sequence[float]
    cpu: Sequence[float]
    queries: Sequence[int]  # the fewest, the most
    plain: int
    packed: int


def ask(client: Client, label: str, addresses: Sequence[Address], count: int) -> Asked:
    """Ask ``count`` times, going round the addresses, after the first has been asked once."""
    times, cpu, sizes, packed, queries = [], [], [], [], []
    _answer(client, addresses[0])
    for number in range(count):
        with _counted() as counted:
            began, computed = time.perf_counter(), _computed()
            body = _answer(client, addresses[number % len(addresses)])
            times.append((time.perf_counter() - began) * 1000)
            cpu.append((_computed() - computed) * 1000)
        queries.append(counted[0])
        sizes.append(len(body))
        packed.append(len(gzip.compress(body, 6)))
    return Asked(label, times, cpu, (min(queries), max(queries)), max(sizes), max(packed))


def table(title: str, results: Sequence[Asked]) -> str:
    head = f"{'p50 ms':>8}{'p95 ms':>8}{'CPU p50':>9}{'CPU p95':>9}{'queries':>9}{'KB':>6}{'gzip':>6}"
    return "\n".join([f"\n{title}", " " * LABEL + head, *map(_line, results)])


def as_json(results: Sequence[Asked]) -> str:
    """What a program of another environment hands over."""
    return json.dumps([asdict(one) for one in results])


def from_json(text: str) -> list[Asked]:
    return [Asked(**one) for one in json.loads(text)]


def _line(one: Asked) -> str:
    least, most = one.queries
    queries = str(most) if least == most else f"{least}-{most}"
    times = f"{median(one.times):>8.0f}{_slow(one.times):>8.0f}{median(one.cpu):>9.0f}{_slow(one.cpu):>9.0f}"
    return f"{one.label:<{LABEL}}{times}{queries:>9}{one.plain / 1000:>6.0f}{one.packed / 1000:>6.1f}"


def _slow(times: Sequence[float]) -> float:
    return quantiles(times, n=20, method="inclusive")[-1]


def _answer(client: Client, address: Address) -> bytes:
    answer = client.get(address) if isinstance(address, str) else client.post(*address)
    assert answer.status_code in (HTTPStatus.OK, UNPROCESSABLE), f"{address}: {answer.status_code}"
    return answer.getvalue()


@contextmanager
def _counted() -> Iterator[list[int]]:
    count = [0]

    def counts(execute: Callable[..., Any], *args: Any) -> Any:
        count[0] += 1
        return execute(*args)

    with database.execute_wrapper(counts):
        yield count


def _computed() -> float:
    """Seconds that this process computed, and its connection's in PostgreSQL; not those of workers that helped that."""
    database.ensure_connection()
    runtime = Path(f"/proc/{database.connection.info.backend_pid}/schedstat").read_text().split()[0]
    return time.process_time() + int(runtime) / 1e9
