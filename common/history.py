"""Field history, kept by database triggers, so that bulk writes are seen too.

Each event keeps the row as it was *before* an update, so the first value is never lost. Only updates make events:
tracking inserts as well would cost a pull two thirds of its speed.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pghistory
from django.db.models import Model
from pghistory.runtime import _tracker

UNTRACKED = ["search", "sort_name", "updated_at", "is_hidden"]  # derived, or nobody's edit

ModelClass = TypeVar("ModelClass", bound=type[Model])


def track_changes(*untracked: str) -> Callable[[ModelClass], ModelClass]:
    """Keep the history of a model's fields, but for derived ones."""
    exclude = [*UNTRACKED, *untracked]
    changed = pghistory.AnyChange(exclude=[*exclude, "created_at"])
    return pghistory.track(pghistory.UpdateEvent("change", row=pghistory.Old, condition=changed), exclude=exclude)


def track_fields(*tracked: str) -> Callable[[ModelClass], ModelClass]:
    """Keep the history of the named fields of a model, and of no other."""
    changed = pghistory.UpdateEvent("change", row=pghistory.Old, condition=pghistory.AnyChange(*tracked))

    def decorated(model: ModelClass) -> ModelClass:
        name = f"{model.__name__}Event"
        events = pghistory.ObjForeignKey(related_name="events")
        return pghistory.track(changed, fields=["id", *tracked], model_name=name, obj_field=events)(model)

    return decorated


# What an event of a setting holds: a change makes two, so that each moment tells by itself what became of what.
ADDED, CHANGED_FROM, CHANGED_TO, REMOVED = "added", "changed_from", "changed_to", "removed"


def track_settings(*tracked: str, added: pghistory.Q | None = None) -> Callable[[ModelClass], ModelClass]:
    """Keep the history of the named columns of a model whose rows are settings, from the first row to the last.

    ``added``: which new rows are worth an event, where most are not.
    """
    changed = pghistory.AnyChange(*tracked)

    def decorated(model: ModelClass) -> ModelClass:
        return pghistory.track(
            pghistory.InsertEvent(ADDED, condition=added),
            pghistory.UpdateEvent(CHANGED_FROM, row=pghistory.Old, condition=changed),
            pghistory.UpdateEvent(CHANGED_TO, row=pghistory.New, condition=changed),
            pghistory.DeleteEvent(REMOVED),
            fields=["id", *tracked],
            model_name=f"{model.__name__}Event",
            append_only=True,
        )(model)

    return decorated


@contextmanager
def told_apart(**metadata: Any) -> Iterator[None]:
    """A context that is no part of the one around it: pghistory makes one of contexts that stand in each other."""
    around = _tracker.__dict__.pop("value", None)
    try:
        with pghistory.context(**metadata):
            yield
    finally:
        if around is not None:
            _tracker.value = around
