"""What a newly connected org is proposed: settings of each object, which fields and stages belong together."""

from collections.abc import Mapping

from integrations import staging
from integrations.models import Connection, FieldMapping, ObjectSettings, StageInference, StageMapping
from integrations.salesforce import defaults
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, RECORD_TYPES


def make_settings(connection: Connection, descriptions: Mapping[str, Description]) -> None:
    for kind, remote_object in (("account", "Account"), ("contact", "Contact"), ("deal", "Opportunity")):
        description = descriptions.get(remote_object)
        if description:
            ObjectSettings.objects.get_or_create(
                connection=connection,
                record_kind=kind,
                defaults={
                    "sync": ObjectSettings.Sync.OFF if kind == "deal" else ObjectSettings.Sync.BOTH,
                    "push_new": kind != "contact",
                    "winner": "theirs" if kind == "deal" else "latest",
                    "create_as": remote_object,
                    "source_field": _source_field(description, kind),
                },
            )


def _source_field(description: Description, kind: str) -> str:
    """Where “Tandem” may be written as the source; empty where a restricted picklist does not know it."""
    remote = description.fields.get(defaults.SOURCE_FIELDS[kind])  # type: ignore[index]
    if not remote or not remote.is_createable or (remote.is_restricted and "Tandem" not in remote.values):
        return ""
    return remote.name


def make_mappings(connection: Connection, descriptions: Mapping[str, Description]) -> None:
    """Propose a mapping for objects that have none: what people have changed or removed stays so."""
    for name in defaults.STANDARD:
        is_mapped = connection.field_mappings.filter(remote_object=name).exists()
        if name in descriptions and not is_mapped:
            _propose(connection, descriptions[name])


def make_rule(connection: Connection) -> None:
    """At first account stages follow from opportunities, unless the org has a field for them."""
    mapped = connection.field_mappings.filter(remote_object="Account", field="stage")
    if not StageInference.objects.filter(connection=connection).exists():
        rule = staging.rule_for(connection)
        rule.is_on = not mapped.exists()
        rule.save()


def _propose(connection: Connection, description: Description) -> None:
    kind = KINDS[description.name]
    type_ = RECORD_TYPES[kind]
    common = {"connection": connection, "record_kind": kind, "remote_object": description.name}
    proposals = list(defaults.field_proposals(description, type_.fields))
    FieldMapping.objects.bulk_create(
        FieldMapping(
            **common,
            field=proposal.field,
            remote_field=proposal.remote_field,
            direction=proposal.direction,
            winner=proposal.winner,
            enrichment=proposal.enrichment,
            unit=proposal.unit,
        )
        for proposal in proposals
    )
    status = next((proposal.remote_field for proposal in proposals if proposal.field == "stage"), "")
    if status and description.name != "Opportunity":  # a deal's stages are the org's own: they need no table
        stages = list(type_.stage_model._default_manager.values_list("pk", "name"))
        StageMapping.objects.bulk_create(
            StageMapping(**common, stage_id=stage_id, remote_value=value)
            for stage_id, value in defaults.stage_proposals(description.fields[status], stages)
        )
