"""How a single record's save tells that it would be a duplicate."""

from typing import Any

from localorg.api import records
from localorg.api.call import Call
from localorg.rules.duplicates import DuplicatesDetected, Finding, Matches

Json = dict[str, Any]


def body(call: Call, detected: DuplicatesDetected) -> list[Json]:
    """One error for each duplicate rule. The key really lacks an l."""
    return [
        {
            "duplicateResut": _result(call, finding, detected.details),
            "errorCode": "DUPLICATES_DETECTED",
            "message": finding.rule.alert,
        }
        for finding in detected.findings
    ]


def _result(call: Call, finding: Finding, details: bool) -> Json:
    return {
        "allowSave": not finding.reaction.blocks,
        "duplicateRule": finding.rule.name,
        "duplicateRuleEntityType": finding.rule.sobject.name,
        "errorMessage": finding.rule.alert,
        "matchResults": [_match_result(call, matches, details) for matches in finding.matches],
    }


def _match_result(call: Call, matches: Matches, details: bool) -> Json:
    return {
        "entityType": matches.rule.sobject.name,
        "errors": [],
        "matchEngine": matches.rule.engine,
        "matchRecords": [
            {
                "additionalInformation": [],
                "fieldDiffs": [],
                "matchConfidence": confidence,
                "record": _record(call, matches, record_id, details),
            }
            for record_id, confidence in matches.records.items()
        ],
        "rule": matches.rule.name,
        "size": len(matches.records),
        "success": True,
    }


def _record(call: Call, matches: Matches, record_id: str, details: bool) -> Json:
    """Its id only, unless the caller asked for all that he may see."""
    sobject = call.schema.find(matches.rule.sobject.name)
    whole = records.one(call, sobject, record_id, None) if details and sobject else None
    attributes = {"type": matches.rule.sobject.name, "url": call.record_url(matches.rule.sobject, record_id)}
    return whole or {"attributes": attributes, "Id": record_id}
