"""How the sync does over time, as charts; and how each object stands now."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from django.db.models import Count
from django.utils import timezone

from integrations.models import ApiUsage, Connection, ErrorEntry, Lane, Sample
from integrations.progress import LABELS, ObjectState, objects
from integrations.sampling import OTHERS, together

Values = Mapping[str, Mapping[str, float]]


@dataclass(frozen=True)
class Span:
    """A time that the charts may show, in steps."""

    key: str
    label: str
    length: timedelta
    step: timedelta


SPANS = {
    span.key: span
    for span in (
        Span("day", "Day", timedelta(days=1), timedelta(minutes=30)),
        Span("week", "Week", timedelta(days=7), timedelta(hours=4)),
        Span("month", "Month", timedelta(days=30), timedelta(hours=12)),
    )
}


@dataclass(frozen=True)
class Series:
    """One line of a chart. ``values``: one a step; None where nothing was measured."""

    label: str
    values: Sequence[float | None]


@dataclass(frozen=True)
class Chart:
    """``form``: bars stand on each other, lines do not."""

    key: str
    title: str
    about: str
    unit: str
    form: str
    steps: Sequence[datetime]
    series: Sequence[Series]

    @property
    def rows(self) -> list[tuple[datetime, list[float | None]]]:
        """The chart as a table: without the steps of which nothing is known."""
        rows = [(step, [series.values[number] for series in self.series]) for number, step in enumerate(self.steps)]
        return [(step, values) for step, values in rows if any(value is not None for value in values)]


def charts(connection: Connection, span: Span) -> list[Chart]:
    """Every chart of a span, by one query."""
    steps, samples = _stepped(connection, span)
    make = partial(_chart, steps, samples)
    minutes: Callable[[float], float] = lambda seconds: round(seconds / 60, 1)  # noqa: E731 - a unit, named
    return [
        make("lag", "How far behind", "Since the state of Salesforce that each object was last brought up to.",
             "minutes", "line", LABELS, minutes),
        _wait(steps, samples),
        make("queue", "Waiting to be pushed", "Records in the queue, by who waits for them: the most at any time.",
             "records", "bar", dict(Lane.choices)),
        make("errors", "Open errors by cause", "Refused records that wait to be mended.",
             "records", "bar", {OTHERS: "Other causes"}),
        make("in", "Changed in Tandem", "Records that pulls made, changed or deleted here.",
             "records", "bar", LABELS),
        make("out", "Changed in Salesforce", "Records that pushes made, changed or deleted there.",
             "records", "bar", LABELS),
        make("org", "API calls of the whole org in 24 hours", "By every integration, with where Tandem’s background "
             "work stops and where Salesforce does.", "calls", "line",
             {"used": "Used", "ceiling": "Ceiling", "limit": "Limit of the org"}),
        make("calls", "API calls of Tandem", "By what they were for.", "calls", "bar",
             dict(ApiUsage.Purpose.choices)),
    ]  # fmt: skip


def _stepped(connection: Connection, span: Span) -> tuple[list[datetime], list[Values | None]]:
    """The steps of a span up to now, and what was measured in each; None: nothing."""
    last = _floor(timezone.now(), span.step)
    count = span.length // span.step
    steps = [last - number * span.step for number in reversed(range(count))]
    found: dict[datetime, list[Values]] = defaultdict(list)
    rows = Sample.objects.filter(connection=connection, at__gte=steps[0]).order_by("at")
    for at, values in rows.values_list("at", "values"):
        found[_floor(at, span.step)].append(values)
    return steps, [together(found[step]) if step in found else None for step in steps]


def _floor(moment: datetime, step: timedelta) -> datetime:
    seconds = step.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, tz=moment.tzinfo)


def _chart(
    steps: Sequence[datetime],
    samples: Sequence[Values | None],
    key: str,
    title: str,
    about: str,
    unit: str,
    form: str,
    labels: Mapping[str, str],
    convert: Callable[[float], float] = lambda value: value,
) -> Chart:
    """One line for each name that ever had a number; those without a label first, the others in their order."""
    measured = [values.get(key, {}) if values is not None else None for values in samples]
    present = {name for numbers in measured for name, number in (numbers or {}).items() if number}
    names = [*sorted(present - set(labels)), *filter(present.__contains__, labels)]
    series = [
        Series(
            labels.get(name, name),
            [None if numbers is None else convert(numbers.get(name, 0)) for numbers in measured],
        )
        for name in names
    ]
    return Chart(key, title, about, unit, form, steps, series)


def _wait(steps: Sequence[datetime], samples: Sequence[Values | None]) -> Chart:
    pushed = [values.get("pushed", {}) if values else {} for values in samples]
    values = [round(one["seconds"] / one["records"], 1) if one.get("records") else None for one in pushed]
    series = [Series("On average", values)] if any(value is not None for value in values) else []
    about = "How long it took from the last save of a record until Salesforce had it."
    return Chart("wait", "From save to Salesforce", about, "seconds", "line", steps, series)


@dataclass(frozen=True)
class Standing:
    """How one object stands now. ``since``: as of when it is up to date, by our clock; None: it never was."""

    state: ObjectState
    since: datetime | None
    waiting: int
    failed: int


def standings(connection: Connection) -> list[Standing]:
    """Every object, by a fixed number of queries."""
    positions = dict(connection.cursors.values_list("remote_object", "position"))
    waiting = dict(connection.outbox.order_by().values_list("remote_object").annotate(Count("pk")))
    errors = ErrorEntry.objects.open().filter(connection=connection).order_by()
    failed = dict(errors.values_list("remote_object").annotate(Count("pk")))
    return [
        Standing(
            state,
            position - connection.clock_offset if (position := positions.get(state.name)) else None,
            waiting.get(state.name, 0),
            failed.get(state.name, 0),
        )
        for state in objects(connection)
    ]
