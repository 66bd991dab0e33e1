"""A report as a text for people."""

import textwrap
from collections.abc import Iterator

from integrations.doctor.examining import Report
from integrations.doctor.findings import Finding, Weight

WIDTH = 100
SHOWN = 20  # details


def told(report: Report) -> str:
    lines = [line for finding in report.findings for line in _finding(finding)]
    asked = f"Salesforce was asked with {report.api_calls} API calls."
    lines.append(f"Salesforce was not asked to the end: {report.unasked}" if report.unasked else asked)
    lines.append("All is well." if report.is_well else "Something needs you: see above.")
    return "\n".join(lines)


def _finding(finding: Finding) -> Iterator[str]:
    mark = "PROBLEM" if finding.weight == Weight.PROBLEM else "notice"
    yield f"{mark}: {finding.what}"
    if finding.since:
        yield f"    Since {finding.since:%Y-%m-%d %H:%M} UTC."
    yield from textwrap.wrap(f"{finding.why} {finding.remedy}", WIDTH, initial_indent="    ", subsequent_indent="    ")
    yield from (f"    - {line}" for line in finding.details[:SHOWN])
    if len(finding.details) > SHOWN:
        yield f"    - and {len(finding.details) - SHOWN} more"
    if finding.mended is not None:
        yield f"    Mended: {finding.mended}."
    yield ""
