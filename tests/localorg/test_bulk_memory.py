"""However much goes in and out by Bulk: the server's own memory stays as it is."""

import threading
from collections.abc import Callable, Iterator

import psutil
import pytest

from tests.localorg.bulk_jobs import close, finished, open_job, results, start_query
from tests.localorg.client import Caller, Server
from tests.localorg.conftest import sign_in

pytestmark = pytest.mark.long

GROWTH = 30e6  # bytes; SQLite's cache is among them
CONTACTS = 80_000


@pytest.fixture(scope="module")
def big(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    running = Server(tmp_path_factory.mktemp("big"), "--seed", str(CONTACTS))
    yield running
    running.stop()


@pytest.fixture
def caller(big: Server) -> Caller:
    return sign_in(big, "System Administrator")


def growth(server: Server, action: Callable[[], object]) -> float:
    """Bytes by which the memory that is the server's alone grows at most meanwhile."""
    process = psutil.Process(server.process.pid)

    def own() -> int:
        memory = process.memory_info()
        return memory.rss - memory.shared

    before, most, ended = own(), [0], threading.Event()

    def watch() -> None:
        while not ended.wait(0.01):
            most[0] = max(most[0], own())

    watcher = threading.Thread(target=watch)
    watcher.start()
    action()
    ended.set()
    watcher.join()
    return most[0] - before


def test_all_that_there_is_goes_out(big: Server, caller: Caller) -> None:
    fields = caller.ask("GET", "sobjects/Contact/describe").json()["fields"]
    columns = ", ".join(field["name"] for field in fields if field["type"] not in ("address", "base64"))
    sizes = []

    def read() -> None:
        job_id = start_query(caller, f"SELECT {columns} FROM Contact")
        finished(caller, f"jobs/query/{job_id}")
        sizes.append(len(results(caller, job_id).content))

    assert growth(big, read) < GROWTH
    assert sizes[0] > GROWTH


def test_an_upload_of_a_hundred_megabytes(big: Server, caller: Caller) -> None:
    rows = b"LastName,Description\n" + b"".join(b"N%d,%s\n" % (n, b"x" * 30_000) for n in range(3_500))
    job_id = open_job(caller, "insert")

    def put() -> None:
        url = f"{caller.url}/services/data/v62.0/jobs/ingest/{job_id}/batches"
        assert caller.http.put(url, data=rows, headers={"Content-Type": "text/csv"}, timeout=120).status_code == 201

    def load() -> None:
        close(caller, job_id)
        assert finished(caller, f"jobs/ingest/{job_id}")["numberRecordsProcessed"] == 3_500

    assert growth(big, put) < GROWTH / 3
    assert growth(big, load) < GROWTH * 3  # 200 rows of 30,000 characters are at work at a time


def test_what_is_larger_than_150_megabytes_is_refused(caller: Caller) -> None:
    job_id = open_job(caller, "insert")
    url = f"{caller.url}/services/data/v62.0/jobs/ingest/{job_id}/batches"

    answer = caller.http.put(url, data=b"x" * (151 * 2**20), headers={"Content-Type": "text/csv"}, timeout=120)

    assert answer.status_code == 413
    assert caller.ask("GET", f"jobs/ingest/{job_id}").json()["state"] == "Open"
