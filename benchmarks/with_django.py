"""``python -m benchmarks.with_django filling 1000000``: what a module's ``work`` tells, once Django is set up."""

import sys
from importlib import import_module


def main() -> int:
    import_module("config.wsgi")  # sets Django up as the server does
    for line in import_module(f"benchmarks.{sys.argv[1]}").work(*sys.argv[2:]):
        print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
