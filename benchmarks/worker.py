"""One piece of work as our workers do it, in a process of its own: ``python -m benchmarks.worker pull Contact``.

It says when it is ready, begins when it is told to by a line, and prints its measures.
"""

import json
import sys
import time
from importlib import import_module
from pathlib import Path

import django


def main() -> int:
    django.setup()
    task = getattr(import_module("benchmarks.workspace"), sys.argv[1])
    print("ready", flush=True)
    sys.stdin.readline()
    began, computed = time.perf_counter(), time.process_time()
    records = task(*sys.argv[2:])
    seconds, cpu = time.perf_counter() - began, time.process_time() - computed
    print(json.dumps({"records": records, "seconds": seconds, "cpu": cpu, "peak": _peak_memory()}), flush=True)
    return 0


def _peak_memory() -> int:
    """KiB that this process held at most. (``ru_maxrss`` would count its parent's, from before it became itself.)"""
    status = Path("/proc/self/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM"))


if __name__ == "__main__":
    sys.exit(main())
