"""Results, and the tables that they are printed in."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

LABEL = 64  # width of the first column
MIB = 1024  # KiB


@dataclass(frozen=True)
class Result:
    """``cpu``: seconds that the process itself computed; ``peak``: KiB.

    ``note`` says what else must be known, or why there is nothing to tell.
    """

    label: str
    records: int = 0
    seconds: float = 0
    cpu: float = 0
    peak: int = 0
    note: str = ""

    @property
    def rate(self) -> float:
        return self.records / self.seconds if self.seconds else 0


def best(results: Sequence[Result]) -> Result:
    """The fastest of several rounds, with the least computing and the most memory of any."""
    fastest = max(results, key=lambda result: result.rate)
    return replace(fastest, cpu=min(one.cpu for one in results), peak=max(one.peak for one in results))


def in_turns(measures: Sequence[Callable[[], Result]], rounds: int) -> list[Result]:
    """Let everybody have each round, so that a noisy minute spoils nobody alone, and take everybody's best."""
    taken = [[measure() for measure in measures] for _ in range(rounds)]
    return [best(results) for results in zip(*taken, strict=True)]


def table(title: str, results: Sequence[Result], peers: Sequence[Result]) -> Iterator[str]:
    """A line each, compared with the fastest of ``peers``."""
    fastest = max((peer.rate for peer in peers), default=0)
    yield f"\n{title:<{LABEL}}{'records':>9}{'seconds':>10}{'a second':>10}{'× peer':>8}{'CPU s':>8}{'MiB':>6}"
    for one in results:
        if not one.rate:
            yield f"{one.label:<{LABEL}}{one.note}"
            continue
        times = f"{one.rate / fastest:.2f}" if fastest else ""
        cpu = f"{one.cpu:.2f}" if one.cpu else ""
        peak = f"{one.peak / MIB:.0f}" if one.peak else ""
        measures = f"{one.records:>9,}{one.seconds:>10.2f}{one.rate:>10,.0f}{times:>8}{cpu:>8}{peak:>6}"
        yield f"{one.label:<{LABEL}}{measures}  {one.note}".rstrip()
