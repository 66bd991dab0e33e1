"""Field history, kept by database triggers, so that bulk writes are seen too.

Each event keeps the row as it was *before* an update, so the first value is never lost. Only updates make events:
tracking inserts as well would cost a pull two thirds of its speed.
"""

from collections.abc import Callable
from typing import TypeVar

import pghistory
from django.db.models import Model

UNTRACKED = ["search", "sort_name", "updated_at", "is_hidden"]  # derived, or nobody's edit

ModelClass = TypeVar("ModelClass", bound=type[Model])


def track_changes(*untracked: str) -> Callable[[ModelClass], ModelClass]:
    """Keep the history of a model's fields, but for derived ones."""
    exclude = [*UNTRACKED, *untracked]
    changed = pghistory.AnyChange(exclude=[*exclude, "created_at"])
    return pghistory.track(pghistory.UpdateEvent("change", row=pghistory.Old, condition=changed), exclude=exclude)
