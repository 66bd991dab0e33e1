"""What the settings of one remote object are edited with: its description, its mapping, and the forms over them."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import Http404

from integrations import pairing, staging
from integrations.access import NotConnected
from integrations.forms.mapping import PairForm
from integrations.forms.stages import INFER, StagesForm
from integrations.logins import the_connection
from integrations.models import Connection, FieldMapping
from integrations.pipeline import DEALS, PipelineShown
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, RECORD_TYPES


def connected() -> Connection:
    connection = the_connection()
    if not connection.org_id:
        raise NotConnected("Connect Salesforce first.")
    return connection


@dataclass(frozen=True)
class Table:
    """What the two tables of a remote object are made of."""

    connection: Connection
    description: Description

    @classmethod
    def load_named(cls, connection: Connection, remote_object: str) -> "Table":
        row = connection.descriptions.filter(remote_object=remote_object).first()
        if remote_object not in KINDS or row is None:
            raise Http404(f"There is no mapping of “{remote_object}”.")
        return cls(connection, Description.from_json(row.content))

    @cached_property
    def mappings(self) -> dict[str, FieldMapping]:
        """By our fields: hundreds of rows."""
        return {row.field: row for row in self.connection.field_mappings.filter(remote_object=self.description.name)}

    def pair_form(self, data: Mapping[str, Any]) -> PairForm:
        """The form of the field that ``data`` names, bound when it says what that is mapped to. Raises Http404."""
        fields = RECORD_TYPES[KINDS[self.description.name]].fields
        name = str(data.get("field", ""))
        if name not in fields:
            raise Http404(f"There is no field “{name}”.")
        settings = self.connection.object_settings.filter(record_kind=KINDS[self.description.name]).first()
        like = data.get("like", "")
        proposed = pairing.proposed(self.description, fields[name], like) if like in self.description.fields else None
        sent = data if "remote" in data else None
        return PairForm(self.description, fields, fields[name], self.mappings, settings, sent, proposed)

    @property
    def waiting(self) -> list[str]:
        """Fields that are not compared yet on the records that were linked before they were mapped."""
        return [name for name, row in self.mappings.items() if not row.is_compared]

    def stages_context(self, data: Any = None, draft: str | None = None) -> dict[str, Any]:
        """``draft``: a source that is looked at before it is saved."""
        if self.description.name == DEALS:
            return {"form": PipelineShown.load(), "description": self.description}
        kind = KINDS[self.description.name]
        stage = self.connection.field_mappings.filter(remote_object=self.description.name, field="stage")
        mapped = stage.values_list("remote_field", flat=True).first() or ""
        rule = staging.rule_for(self.connection) if kind == "account" else None
        present = mapped or (INFER if rule and rule.is_on else "")
        form = StagesForm(
            self.description,
            list(RECORD_TYPES[kind].stage_model._default_manager.values_list("pk", "name")),
            present,
            staging.paired(self.connection, self.description.name),
            rule,
            data,
            draft,
        )
        return {"form": form, "description": self.description, "remote": form.remote}
