"""Read by gunicorn from where it is started: the web processes of a host count their requests in one folder."""

import os
import shutil
import tempfile
from typing import Any

FOLDER = "PROMETHEUS_MULTIPROC_DIR"
_made_here = FOLDER not in os.environ
if _made_here:
    os.environ[FOLDER] = tempfile.mkdtemp(prefix="tandem-metrics-")

from prometheus_client import multiprocess  # noqa: E402 - looks for the folder when it is imported


def child_exit(server: Any, worker: Any) -> None:
    multiprocess.mark_process_dead(worker.pid)


def on_exit(server: Any) -> None:
    if _made_here:
        shutil.rmtree(os.environ[FOLDER], ignore_errors=True)
