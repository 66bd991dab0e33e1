"""One SOAP call of a signed-in user, told in the terms of the REST API that does the work."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from localorg.api.call import Call
from localorg.soap.envelope import Request


@dataclass(frozen=True, slots=True)
class Operation:
    request: Request
    call: Call

    def rest(self, query: Mapping[str, str] | None = None, body: Any = None) -> Call:
        """The same call with the parameters of a REST handler."""
        return replace(self.call, query=query or {}, parsed=body)

    @property
    def all_or_none(self) -> bool:
        return self.request.option("AllOrNoneHeader", "allOrNone").lower() in ("true", "1")


def rest_headers(request: Request) -> dict[str, str]:
    """SOAP headers in REST's words. Unlike there, assignment rules run only when they are asked for."""
    rule = request.option("AssignmentRuleHeader", "assignmentRuleId")
    default = request.option("AssignmentRuleHeader", "useDefaultRule").lower() in ("true", "1")
    headers = {"sforce-auto-assign": rule or ("TRUE" if default else "FALSE")}
    names = ("allowSave", "includeRecordDetails", "runAsCurrentUser")
    duplicates = [f"{name}={value}" for name in names if (value := request.option("DuplicateRuleHeader", name))]
    if duplicates:
        headers["sforce-duplicate-rule-header"] = "; ".join(duplicates)
    if size := request.option("QueryOptions", "batchSize"):
        headers["sforce-query-options"] = f"batchSize={size}"
    return headers
