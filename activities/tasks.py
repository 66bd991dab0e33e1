"""What the workers run for the sequences. A task carries nothing, may run twice, and may find the work done."""

from activities.models import Enrolment
from activities.sequences import executing
from activities.sequences.waking import wake


def tick() -> None:
    """Once a minute: give a time to whoever waited for a task, and wake a worker when something is due."""
    executing.release_waiting()
    if Enrolment.objects.due().exists():
        wake()


def run_sequences() -> None:
    if executing.run():
        wake()
