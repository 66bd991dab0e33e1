"""What to do when PostgreSQL ends a transaction so that another can go on."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from django.db import OperationalError

DEADLOCK = "40P01"
DEADLOCK_TRIES = 4
Params = ParamSpec("Params")
Result = TypeVar("Result")


def on_deadlock_again(function: Callable[Params, Result]) -> Callable[Params, Result]:
    """Run a transaction again when PostgreSQL chose it as a deadlock's victim."""

    @wraps(function)
    def run(*args: Params.args, **kwargs: Params.kwargs) -> Result:
        for _ in range(DEADLOCK_TRIES - 1):
            try:
                return function(*args, **kwargs)
            except OperationalError as error:
                if getattr(error.__cause__, "sqlstate", "") != DEADLOCK:
                    raise
        return function(*args, **kwargs)

    return run
