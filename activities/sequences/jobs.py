"""Taking everybody on a list into a sequence, chunk by chunk."""

from collections import Counter

from activities.models import ListMember, RecordList, Sequence
from activities.sequences.enrolling import Enrolled, enrol
from common import jobs
from common.jobs import JobRefused
from common.models import Job
from users.models import User

KIND = "enrol a list"
CHUNK = 500


def start_list(sequence: Sequence, members: RecordList, *, user: User) -> Job:
    params = {"sequence": sequence.pk, "list": members.pk}
    return jobs.start(KIND, user=user, title=f"Enrol “{members}” in “{sequence}”", params=params)


@jobs.runs(KIND)
def enrol_list(job: Job) -> bool:
    sequence = Sequence.objects.filter(pk=job.params["sequence"]).first()
    members = RecordList.objects.filter(pk=job.params["list"]).first()
    if sequence is None or members is None:
        raise JobRefused("The sequence or the list was deleted meanwhile.")
    if not sequence.steps.exists():
        raise JobRefused("The sequence has no steps any more.")
    rows = ListMember.objects.filter(list=members).order_by("pk")
    if job.total is None:
        job.total = rows.count()
    chunk = list(rows.filter(pk__gt=job.position.get("after", 0)).values_list("pk", "contact_id")[:CHUNK])
    if not chunk:
        return True
    result = enrol(sequence, [contact_id for _, contact_id in chunk if contact_id], user=job.user)
    job.counts = dict(Counter(job.counts) + counted(result))
    job.position, job.done = {"after": chunk[-1][0]}, job.done + len(chunk)
    return False


def counted(result: Enrolled) -> Counter[str]:
    """What came of it, in words; people of one reason together."""
    reasons = Counter(f"not enrolled: {short(reason)}" for _, reason in result.refused)
    return Counter({"enrolled": result.count}) + reasons


def short(reason: str) -> str:
    return reason.split(":", maxsplit=1)[0].split(" (", maxsplit=1)[0]
