"""/ui-api/duplicates/{object}: which duplicate rules there are, before anybody runs into one."""

from typing import Any

from localorg.api.call import Call, Reply
from localorg.api.ui.supported import object_of
from localorg.rules.duplicates import DuplicateRule, Reaction

Json = dict[str, Any]


def configuration(call: Call, name: str) -> Reply:
    sobject = object_of(call, name)
    rules = call.org.rulebook.duplicates.get(sobject.name, ())
    compared = dict.fromkeys(path for rule in rules for c in rule.comparisons for path in c.paths if sobject.has(path))
    body = {
        "apiName": sobject.name,
        "dedupeEnabled": bool(rules),
        "dedupeFields": list(compared),
        "duplicateRules": [_rule(rule) for rule in rules],
        "predupeEnabled": bool(rules),
    }
    return Reply(body=body)


def _rule(rule: DuplicateRule) -> Json:
    return {
        "actionOnInsert": "Block" if rule.on_create.blocks else "Allow",
        "actionOnUpdate": "Block" if rule.on_edit.blocks else "Allow",
        "active": True,
        "duplicateRuleFilters": [],
        "matchRules": [
            {
                "matchEngine": comparison.rule.engine,
                "matchFields": list(comparison.rule.paths),
                "name": comparison.rule.name,
                "objectApiName": comparison.rule.sobject.name,
            }
            for comparison in rule.comparisons
        ],
        "name": rule.name,
        "operationsOnInsert": _operations(rule.on_create),
        "operationsOnUpdate": _operations(rule.on_edit),
    }


def _operations(reaction: Reaction) -> list[str]:
    return [name for name, does in (("Alert", reaction.alerts), ("Report", reaction.reports)) if does]
