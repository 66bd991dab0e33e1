"""A trial before the first sync: ten records in each direction are really synced, and what became of them is shown."""

from collections.abc import Sequence
from itertools import zip_longest

from django.db import transaction
from django.db.models import Count
from django_q.tasks import async_task

from integrations import budget
from integrations.models import ApiUsage, Connection, Lane, Outbox, RecordLink, Run, RunLine
from integrations.outlook import Part
from integrations.previewing import end_broken_off
from integrations.previewing import refusal as preview_refusal
from integrations.providers import provider_for
from integrations.pulling import PULL_ORDER
from integrations.pushing import send
from integrations.services import Refused, queue_push
from integrations.sync.credentials import Logins
from integrations.sync.picking import claims_of
from integrations.sync.provider import ProviderError
from integrations.sync.records import KINDS, model_of
from integrations.sync.scope import Scope
from integrations.sync.singles import pull_records
from integrations.sync.telling import lines_of
from users.models import User

MOST = 10  # records in each direction
OFFERED = 30


def refusal(connection: Connection) -> str:
    """Why nothing can be tried now; "" when it can."""
    if reason := preview_refusal(connection):
        return reason
    return "" if connection.phase == Connection.Phase.SETUP else "Trials are for the setup window: syncing has started."


def offered(preview: Run, direction: str) -> list[RunLine]:
    """Records of a first sync's preview that a trial may be made with."""
    lines = preview.lines.filter(direction=direction).exclude(outcome=RunLine.Outcome.SKIPPED)
    lines = lines.exclude(remote_id="") if direction == "pull" else lines.exclude(record_id=None)
    ids = [pk for name in KINDS for pk in lines.filter(remote_object=name).values_list("pk", flat=True)[:OFFERED]]
    named = list(preview.lines.filter(pk__in=ids))
    present = _present(named)
    return _mixed([line for line in named if direction == "pull" or (line.record_kind, line.record_id) in present])


def _mixed(lines: Sequence[RunLine]) -> list[RunLine]:
    """The first few of each object, by turns: whoever takes the first ten takes some of each."""
    by_object: dict[str, list[RunLine]] = {}
    for line in lines:
        by_object.setdefault(line.remote_object, []).append(line)
    turns = zip_longest(*by_object.values())
    return [line for turn in turns for line in turn if line][:OFFERED]


def _present(lines: Sequence[RunLine]) -> set[tuple[str, int]]:
    """Records that are here: an account that a preview only made up is not."""
    found: set[tuple[str, int]] = set()
    for kind in {line.record_kind for line in lines}:
        ids = [line.record_id for line in lines if line.record_kind == kind and line.record_id]
        rows = model_of(kind)._default_manager.filter(pk__in=ids)
        found |= {(kind, pk) for pk in rows.values_list("pk", flat=True)}
    return found


@transaction.atomic
def begin(preview: Run, chosen: Sequence[int], user: User) -> Run:
    """Try the records of the chosen lines; those that are not offered are left out. Raises Refused."""
    connection = Connection.objects.select_for_update().get(pk=preview.connection_id)
    if reason := refusal(connection):
        raise Refused(reason)
    end_broken_off()
    if running := connection.runs.filter(kind=Run.Kind.TRIAL, state=Run.State.RUNNING).first():
        return running
    wanted = {
        direction: [line for line in offered(preview, direction) if line.pk in chosen] for direction in ("pull", "push")
    }
    if not any(wanted.values()):
        raise Refused("Choose at least one record.")
    if any(len(lines) > MOST for lines in wanted.values()):
        raise Refused(f"Choose {MOST} records at most in each direction.")
    request = {
        "what": "trial",
        "pull": [[line.remote_object, line.remote_id] for line in wanted["pull"]],
        "push": [[line.record_kind, line.record_id] for line in wanted["push"]],
    }
    run = Run.objects.create(
        connection=connection, kind=Run.Kind.TRIAL, request=request, started_by=user, preview=preview
    )
    transaction.on_commit(lambda: async_task("integrations.tasks.trial", run.pk))
    return run


def work(run: Run) -> None:
    """Sync the records of a trial, and tell what became of each."""
    message = refusal(run.connection)
    state = Run.State.INCOMPLETE if message else Run.State.DONE
    if not message:
        try:
            _pull(run)
            message = _push(run)
        except ProviderError as error:
            state, message = Run.State.INCOMPLETE, error.reason
    run.finish(Run.State.INCOMPLETE if message else state, message)


def _pull(run: Run) -> None:
    connection, login = run.connection, Logins(run.connection).for_team().credential
    assert login is not None, "it was looked for before"
    provider = provider_for(login)
    try:
        for name in PULL_ORDER:
            ids = [remote_id for each, remote_id in run.request["pull"] if each == name]
            if ids:
                newest = RecordLink.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
                pulled = pull_records(Scope.load(connection, name), ids, provider, login)
                Run.objects.filter(pk=pulled.pk).update(preview=run, started_by=run.started_by)
                _keep(run, [pulled], lines_of([pulled], "pull", after_link=newest))
    finally:
        run.count(api_calls=provider.calls)
        budget.note(login, provider, ApiUsage.Purpose.PEOPLE)


def _push(run: Run) -> str:
    """Answers why it was cut off, "" when it went through."""
    runs: dict[str, Run] = {}
    reasons = []
    records: list[tuple[str, int]] = [(kind, pk) for kind, pk in run.request["push"]]
    for claim in claims_of(_rows(run, records)):
        name = claim.remote_object
        if name not in runs:
            runs[name] = Run.objects.create(
                connection=run.connection,
                kind=Run.Kind.PUSH,
                remote_object=name,
                credential=claim.credential,
                started_by=run.started_by,
                preview=run,
            )
        reasons.append(send(claim, runs[name]))
    for part in runs.values():
        part.finish(Run.State.DONE)
        run.count(api_calls=part.api_calls)
    _keep(run, list(runs.values()), lines_of(list(runs.values()), "push", records=records))
    return " ".join(filter(None, reasons))


def _rows(run: Run, records: Sequence[tuple[str, int]]) -> list[int]:
    ids: list[int] = []
    for kind in {kind for kind, _ in records}:
        pks = [pk for each, pk in records if each == kind]
        found = list(model_of(kind)._default_manager.filter(pk__in=pks))
        queue_push(found, user=run.started_by, lane=Lane.PEOPLE, is_manual=True)
        ids += Outbox.objects.of(kind, pks).values_list("pk", flat=True)
    return ids


def parts_of(run: Run) -> list[Part]:
    """What became of the records of a trial, by object and direction."""
    rows = run.lines.values_list("direction", "remote_object", "outcome").annotate(Count("pk")).order_by()
    parts: dict[tuple[str, str], Part] = {}
    for direction, name, outcome, count in rows:
        part = parts.setdefault((direction, name), Part(direction, name))
        part.counts["conflicts" if outcome == RunLine.Outcome.CONFLICT else outcome] += count
    return list(parts.values())


def _keep(run: Run, parts: Sequence[Run], lines: Sequence[RunLine]) -> None:
    for part in parts:
        part.refresh_from_db()
        run.count(**{name: getattr(part, name) for name in (*Run.OUTCOMES, "conflicts")})
    for line in lines:
        line.run = run
    RunLine.objects.bulk_create(lines)
