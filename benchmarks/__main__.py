"""``make bench``: how fast Tandem is here, beside other programs against the same local org.

``python -m benchmarks pull --contacts 500000 --rounds 1`` measures one thing. Real parts: an embedded PostgreSQL and a
local org over HTTP, both in a temporary folder; the others run in environments of their own under ``.cache/``.
"""

import argparse
import os
import signal
import sys
from importlib import import_module

from benchmarks.world import opened

BENCHMARKS = ("pull", "calls", "push", "visible", "importing", "pages", "activities", "settings", "directory", "beside")
ALONE = ("sharing", "soak")  # for a machine that does nothing else: only when they are named
HELP = f"{', '.join(BENCHMARKS)}; all of these unless named. And: {', '.join(ALONE)}"


def main() -> int:
    options = _options()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # what was started is ended then, too
    began_under = os.getloadavg()[0]
    with opened(options.contacts, options.rounds, options.filled, options.minutes) as world:
        for name in options.benchmarks or BENCHMARKS:
            for line in import_module(f"benchmarks.{name}").run(world):
                print(line, flush=True)
    print(f"{os.cpu_count()} cores, load {began_under:.1f} before and {os.getloadavg()[0]:.1f} after")
    return 0


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast Tandem is here.")
    parser.add_argument("benchmarks", nargs="*", metavar="BENCHMARK", help=HELP)
    parser.add_argument("--contacts", type=int, default=50_000, help="in the org (default: 50,000)")
    parser.add_argument("--rounds", type=int, default=3, help="of each; the best counts (default: 3)")
    parser.add_argument(
        "--filled", type=int, default=1_000_000, help="contacts, or people of the directory, whose pages are asked"
    )
    parser.add_argument("--minutes", type=float, default=15, help="of the soak (default: 15)")
    options = parser.parse_args()
    if unknown := set(options.benchmarks) - {*BENCHMARKS, *ALONE}:
        parser.error(f"no such benchmark: {', '.join(sorted(unknown))}")
    return options


if __name__ == "__main__":
    sys.exit(main())
