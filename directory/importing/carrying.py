"""Loading a file, piece by piece, each in the transaction that moves the job's bookmark; and removing a source."""

from collections import Counter
from collections.abc import Sequence
from typing import IO, TYPE_CHECKING

from django.db import transaction

from common import jobs
from common.bulk import any_of
from common.importing import keeping
from common.models import Job
from directory.importing.columns import COMPANIES, KINDS, FileKind
from directory.importing.reading import Read, Reader
from directory.loading import Outcome, load_companies, load_prospects
from directory.models import Company, Load, Prospect

if TYPE_CHECKING:
    from users.models import User

LOAD, REMOVE = "directory_load", "directory_remove"
REMOVED_AT_ONCE = 2_000
NEW, KNOWN, MOVED, AGAIN, REJECTED, REMOVED = (
    "new", "brought up to date", "of them at another company than before", "again further down in the file",
    "rejected", "removed",
)  # fmt: skip


def prepare(kind: str, source: str, file: IO[bytes], name: str, *, user: "User") -> Job:
    """Keep a file until it is said what its columns become. Raises files.Unreadable."""
    params = {"kind": kind, "source": source}
    return keeping.prepare(LOAD, file, name, user=user, title=f"Loading {kind} from", params=params)


@transaction.atomic
def start(job: Job, columns: Sequence[str]) -> bool:
    """Begin with what was prepared; answers whether it had not begun before."""
    if not jobs.begin(job.pk, params={**job.params, "columns": list(columns)}):
        return False
    params = job.params
    Load.objects.create(
        kind=params["kind"], source=params["source"], file=params["file"], user=job.user, job=job, counts={}
    )
    return True


@jobs.runs(LOAD, asks="directory:load")
def load(job: Job) -> bool:
    number = job.position.get("piece", 0)
    kind = KINDS[job.params["kind"]]
    rows = Reader(kind, job.params["columns"]).read(keeping.piece(job, number))
    rejected = [one for one in rows if one.errors]
    counts = Counter(job.counts)
    counts.update(_load(kind, job.params["source"], [one for one in rows if not one.errors]))
    counts[REJECTED] += len(rejected)
    keeping.keep_rejected(job, rejected)
    job.counts = {word: counts[word] for word in (NEW, KNOWN, MOVED, AGAIN, REJECTED) if counts[word]}
    job.position = {"piece": number + 1}
    job.done += len(rows)
    Load.objects.filter(job=job).update(counts=job.counts)
    return job.done >= (job.total or 0)


def _load(kind: FileKind, source: str, rows: Sequence[Read]) -> dict[str, int]:
    values = [one.values for one in rows]
    outcome: Outcome = load_companies(values, source) if kind is COMPANIES else load_prospects(values, source)
    again = len(rows) - outcome.new - outcome.known
    return {NEW: outcome.new, KNOWN: outcome.known, MOVED: outcome.moved, AGAIN: again}


def start_removing(source: str, *, user: "User") -> Job:
    title = f"Removing “{source}” from the directory"
    return jobs.start(REMOVE, user=user, title=title, params={"source": source})


@jobs.runs(REMOVE)
def remove(job: Job) -> bool:
    """People first; companies when there are none left. Contacts and accounts that were saved from them stay."""
    source = job.params["source"]
    for model in (Prospect, Company):
        rows = model.objects.filter(source=source)
        chosen = list(rows.order_by("key").values_list("pk", flat=True)[:REMOVED_AT_ONCE])
        if chosen:
            locked = rows.filter(pk__in=any_of(chosen, "bigint")).order_by("pk").select_for_update()
            rows.filter(pk__in=[one.pk for one in locked.only("pk")]).delete()
            job.done += len(chosen)
            job.counts = {REMOVED: job.done}
            return False
    Load.objects.filter(source=source).delete()
    return True
