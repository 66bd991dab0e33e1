"""Workers in processes of their own, on the test's database and org, there to be killed with SIGKILL.

Each is forked from one process that has loaded Tandem: to load it takes a second of a processor and more, in which a
worker that is soon killed would do nothing at all. They end with the tests, even where those are killed themselves.
"""

import logging
import multiprocessing
import os
import random
import threading
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.db import connection as database

if not apps.ready:  # this is the process that workers are forked from
    django.setup()

from tests.salesforce_org import Org

KILL_SEED = int(os.environ.get("KILL_SEED", "20261121"))
WORKER = "worker of a test"  # how the server knows their connections
LONG = 60  # seconds in which a worker must have begun, and the dead be done
_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload([__name__, "integrations.tasks", "pytest"])


def worker(work: Callable[..., object], *arguments: Any, org: Org | None = None, **more: Any) -> BaseProcess:
    """A worker that does this and ends; ``more``: of its settings."""
    if org:
        more |= {"SALESFORCE_LOCAL_ORG": org.url, "SALESFORCE_LOGIN_URL": org.url}
        more |= {"SALESFORCE_CLIENT_ID": org.client_id, "SALESFORCE_CLIENT_SECRET": org.client_secret}
    process = _forks.Process(
        target=_work, args=(database.settings_dict["NAME"], more, work, arguments), name=work.__name__, daemon=True
    )
    process.start()
    return process


def _work(name: str, more: dict[str, Any], work: Callable[..., object], arguments: tuple[Any, ...]) -> None:
    threading.Thread(target=_end_with_the_tests, daemon=True).start()
    logging.disable(logging.WARNING)
    database.settings_dict["NAME"] = name
    database.settings_dict.setdefault("OPTIONS", {})["application_name"] = WORKER
    for setting, value in more.items():
        setattr(settings, setting, value)
    work(*arguments)


def _end_with_the_tests() -> None:
    tests = multiprocessing.parent_process()
    assert tests is not None, "a worker is begun by a test"
    tests.join()
    os._exit(1)


def finished(process: BaseProcess) -> None:
    """Wait for a worker that has to come to its end by itself."""
    process.join(2 * LONG)
    assert process.exitcode == 0


def kill(*workers: BaseProcess) -> None:
    """Kill all of them at once, and wait until nothing of theirs goes on in the database."""
    for process in workers:
        process.kill()
    for process in workers:
        process.join()
    until(_are_gone, "Transactions of workers that are dead have not ended.")


def kill_after(process: BaseProcess, has_begun: Callable[[], bool], chance: random.Random) -> None:
    """Let a worker get to work, and kill it somewhere in it."""
    until(lambda: has_begun() or not process.is_alive(), "The worker has not begun.")
    time.sleep(chance.uniform(0, 0.4))
    kill(process)


def until(is_so: Callable[[], bool], complaint: str) -> None:
    """Wait until something is so. Raises TimeoutError."""
    deadline = time.monotonic() + LONG
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(complaint)
        time.sleep(0.01)


def _are_gone() -> bool:
    """Whether no worker is connected to the test's database any more."""
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = %s",
            [WORKER],
        )
        return cursor.fetchone() == (0,)
