"""One spelling for what can be said in several ways, so that texts compare by what they mean."""

from collections.abc import Mapping
from typing import Any

from common.models import CustomField, RecordKind
from integrations import staging
from integrations.configuration.export import FIELD_PARTS, PLACES, REMOTE, Data, stage_names
from integrations.configuration.pairs import canonical
from integrations.models import Connection
from integrations.sync.value_map import Way


def tidied(connection: Connection, now: Data, wanted: Data, given: Mapping[str, Any]) -> Data:
    """``wanted`` is ``given`` laid over what is ``now``; answers it as an export would say the same."""
    data = dict(wanted)
    if "people" in given:
        data["people"] = canonical(connection, wanted["people"])
    if "custom_fields" in given:
        data["custom_fields"] = {
            place: _definitions(wanted["custom_fields"][place]) for place in wanted["custom_fields"]
        }
    if "exclusion_rules" in (given.get("activities") or {}):
        rules = wanted["activities"]["exclusion_rules"]
        data["activities"] = wanted["activities"] | {"exclusion_rules": {name: _rule(rules[name]) for name in rules}}
    for kind, place in PLACES.items():
        if given.get(place):
            data[place] = _kind(kind, now.get(place, {}), wanted[place], given[place])
    return data


def _definitions(found: Mapping[str, Data]) -> Data:
    return {
        key: {**({"decimals": 0} if said.get("type") == CustomField.Type.NUMBER else {}), **said}
        for key, said in found.items()
    }


def _rule(said: Mapping[str, Any]) -> Data:
    return {name: value for name, value in said.items() if value != []} | {"join": said.get("join", "and")}


def _kind(kind: str, now: Data, wanted: Data, given: Mapping[str, Any]) -> Data:
    data = dict(wanted)
    if "push_stages" in (given.get("settings") or {}):
        names = list(stage_names(kind).values())
        order = {name: number for number, name in enumerate([None, *names])}
        chosen = dict.fromkeys(wanted["settings"]["push_stages"])
        stages = sorted(chosen, key=lambda name: order.get(name, len(order)))
        data["settings"] = wanted["settings"] | {"push_stages": stages}
    if kind == RecordKind.ACCOUNT and now and not wanted["stage_follows_opportunities"]["is_on"]:
        # Which stages they would be is kept, but changes only with the rule on.
        rule = now["stage_follows_opportunities"]
        data["stage_follows_opportunities"] = {"is_on": False} | {event: rule[event] for event in staging.EVENTS}
    for name in REMOTE[kind]:
        if given.get(name) and name in now:
            data[name] = _object(now[name], wanted[name], given[name])
    return data


def _object(now: Data, wanted: Data, given: Mapping[str, Any]) -> Data:
    data = wanted | {"fields": {name: _field(entry) for name, entry in wanted["fields"].items()}}
    if "conditions" in given:
        data["conditions"] = [
            {part: value for part, value in entry.items() if value != []} for entry in wanted["conditions"]
        ]
    if "statuses" in wanted and "statuses" not in given and _stage(now) != _stage(data):
        data["statuses"] = {}  # those of another field say nothing of this one
    return data


def _stage(data: Data) -> Any:
    return data["fields"].get("stage", {}).get("salesforce", "")


def _field(entry: Mapping[str, Any]) -> Data:
    said = {part: value for part, value in entry.items() if value not in (FIELD_PARTS.get(part), [])}
    if "values" in said:
        said["values"] = [{part: one[part] for part in one if one[part] != Way.BOTH} for one in said["values"]]
    return said
