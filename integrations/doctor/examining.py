"""The whole examination, and what may be mended without a person."""

import logging
from dataclasses import dataclass, field
from typing import Any

from integrations import budget
from integrations.doctor import access, parity, standing
from integrations.doctor.findings import Finding, Weight
from integrations.models import ApiUsage, Connection
from integrations.pauses import doubt
from integrations.providers import provider_for
from integrations.sync.credentials import Logins
from integrations.sync.provider import ConnectionBroken, ProviderError

logger = logging.getLogger(__name__)


@dataclass
class Report:
    """``unasked``: why Salesforce was not asked, or not to the end; "" when it was."""

    findings: list[Finding] = field(default_factory=list)
    api_calls: int = 0
    unasked: str = ""

    @property
    def is_well(self) -> bool:
        return not any(finding.is_open for finding in self.findings)

    def as_json(self) -> dict[str, Any]:
        return {
            "is_well": self.is_well,
            "api_calls": self.api_calls,
            "unasked": self.unasked,
            "findings": [finding.as_json() for finding in self.findings],
        }


def examine(*, size: int = parity.SAMPLE, is_offline: bool = False, mends: bool = False) -> Report:
    """``size``: records of each object that are compared field by field."""
    report = Report()
    connection = Connection.objects.select_related("team_credential").first()
    if connection is None or not connection.is_connected:
        report.unasked = "Salesforce is not connected."
        report.findings.append(_disconnected(connection))
    if connection is None:
        report.findings += standing.workers()
    else:
        if not report.unasked:
            _ask(report, connection, size, is_offline=is_offline)
            connection = Connection.objects.select_related("team_credential").get(
                pk=connection.pk
            )  # its clock is fresh
        report.findings += [*standing.look(connection), *access.look(connection)]
    report.findings.sort(key=lambda finding: finding.weight != Weight.PROBLEM)
    if mends:
        _mend(report)
    return report


def _disconnected(connection: Connection | None) -> Finding:
    was_connected = connection is not None and connection.disconnected_at is not None
    return Finding(
        "not_connected",
        "Salesforce is not connected.",
        "Nothing is synced; what changes here is kept and goes when it is connected again."
        if was_connected
        else "Nothing is synced.",
        "Connect it in Settings > Salesforce.",
        since=connection.disconnected_at if connection else None,
        weight=Weight.NOTICE,
    )


def _ask(report: Report, connection: Connection, size: int, *, is_offline: bool) -> None:
    login = Logins(connection).for_team().credential
    if is_offline:
        report.unasked = "It was asked not to."
    elif not connection.started_at:
        report.unasked = "Syncing has not started."
    elif connection.is_paused:
        report.unasked = "Calls to Salesforce pause."
    elif login is None or login.broken_reason:
        report.unasked = "The team has no login that works."
    else:
        provider = provider_for(login)
        try:
            report.findings += parity.look(connection, provider, size)
        except ConnectionBroken as error:
            report.unasked = error.reason
            doubt(login, error)
        except ProviderError as error:
            report.unasked = error.reason
        finally:
            report.api_calls = provider.calls
            budget.note(login, provider, ApiUsage.Purpose.OTHER)
        if report.unasked:
            report.findings.append(_no_answer(report.unasked))


def _no_answer(reason: str) -> Finding:
    return Finding(
        "no_answer",
        f"Salesforce could not be asked: {reason}",
        "Whether both sides hold the same was not checked, or not to the end.",
        "Try again. If it stays so, look at the login and the network.",
    )


def _mend(report: Report) -> None:
    for finding in report.findings:
        if finding.mend is None:
            continue
        try:
            finding.mended = finding.mend() or None
        except ProviderError as error:
            finding.details.append(f"It could not be mended: {error.reason}")
