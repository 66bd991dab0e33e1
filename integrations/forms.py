"""Forms of the settings pages."""

from collections.abc import Iterator, Mapping
from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError

from common.models import Workspace
from common.visibility import let_see_pulled
from integrations.mappings import Choice, Fault, faults
from integrations.models import Connection, FieldMapping, ObjectSettings
from integrations.salesforce import oauth
from integrations.salesforce.defaults import fits
from integrations.salesforce.demo import LocalOrg
from integrations.sync.provider import Description, RemoteField
from integrations.sync.records import Field, Type

NO_STAGE = "none"


class AppForm(forms.Form):
    """The team's own app in Salesforce, and where it signs in. A secret that is kept is never shown again."""

    class Host:
        PRODUCTION, SANDBOX, MY_DOMAIN = "https://login.salesforce.com", "https://test.salesforce.com", "my_domain"

    host = forms.ChoiceField(
        label="Where your org signs in",
        choices=[
            (Host.PRODUCTION, "Production or Developer Edition (login.salesforce.com)"),
            (Host.SANDBOX, "Sandbox (test.salesforce.com)"),
            (Host.MY_DOMAIN, "My Domain"),
        ],
        widget=forms.RadioSelect,
    )
    my_domain = forms.CharField(
        label="My Domain",
        required=False,
        max_length=255,
        help_text="Such as acme.my.salesforce.com, or any address of your org.",
    )
    client_id = forms.CharField(label="Consumer key (client id)", required=False, max_length=255)
    client_secret = forms.CharField(
        label="Consumer secret",
        required=False,
        max_length=255,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )

    def __init__(self, connection: Connection, local_org: LocalOrg | None, *args: Any, **kwargs: Any) -> None:
        self.connection, self.local_org = connection, local_org
        super().__init__(*args, **{"initial": self._initial(), **kwargs})
        self.is_secret_kept = bool(connection.client_secret or settings.SALESFORCE_CLIENT_SECRET or local_org)
        if self.is_secret_kept:
            self.fields["client_secret"].help_text = "A secret is kept. Leave this empty to keep it."

    def _initial(self) -> dict[str, str]:
        url, client_id = self.connection.login_url, self.connection.client_id or settings.SALESFORCE_CLIENT_ID
        if self.local_org and not client_id:
            url, client_id = self.local_org.url, self.local_org.client_id
        if url in {self.Host.PRODUCTION, self.Host.SANDBOX}:
            return {"host": url, "client_id": client_id}
        return {"host": self.Host.MY_DOMAIN, "my_domain": url.removeprefix("https://"), "client_id": client_id}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        values["login_url"] = self._login_url(values.get("host", ""), values.get("my_domain", ""))
        is_local = bool(self.local_org and values["login_url"] == self.local_org.url)
        if not values.get("client_id") and not settings.SALESFORCE_CLIENT_ID:
            self.add_error("client_id", "Copy the consumer key of your app in Salesforce.")
        if not values.get("client_secret"):
            values["client_secret"] = self._kept_secret(values.get("client_id", ""), is_local=is_local)
        if not values["client_secret"] and not settings.SALESFORCE_CLIENT_SECRET:
            self.add_error("client_secret", "Copy the consumer secret of your app in Salesforce.")
        return values

    def _login_url(self, host: str, my_domain: str) -> str:
        if host != self.Host.MY_DOMAIN:
            return host
        try:
            return oauth.login_host(my_domain, settings.SALESFORCE_LOCAL_ORG)
        except ValueError as error:
            self.add_error("my_domain", str(error))
            return ""

    def _kept_secret(self, client_id: str, *, is_local: bool) -> str:
        """A kept secret belongs to its client id: it is never sent along with another."""
        if is_local and self.local_org and client_id == self.local_org.client_id:
            return self.local_org.client_secret
        return self.connection.client_secret if client_id == self.connection.client_id else ""


class SeenForm(forms.Form):
    """Who sees what is pulled with the team's login."""

    pulled_seen_by = forms.ChoiceField(
        label="Who sees pulled records",
        choices=[
            (Workspace.SeenBy.EVERYONE, "Everyone in Tandem"),
            (Workspace.SeenBy.OWNERS, "Each user those that they own, admins all"),
        ],
        required=False,
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"initial": {"pulled_seen_by": Workspace.load().pulled_seen_by}, **kwargs})

    def save(self) -> None:
        """Without a choice the present one stays."""
        if chosen := self.cleaned_data["pulled_seen_by"]:
            let_see_pulled(chosen)


class ObjectSettingsForm(forms.ModelForm):
    """How one kind of record is pulled and pushed."""

    pull_every = forms.IntegerField(label="Minutes between pulls", min_value=1, max_value=24 * 60)

    class Meta:
        model = ObjectSettings
        fields = (
            "push_new",
            "push_by_stage",
            "push_stages",
            "create_as",
            "source_field",
            "source_value",
            "push_unverified_emails",
            "push_automatic_owner",
            "without_account",
            "is_visible",
            "match_accounts",
            "pull_every",
        )
        widgets = {
            "push_by_stage": forms.RadioSelect(
                choices=[(False, "All new records"), (True, "Only those in chosen stages")]
            )
        }

    CONTACTS_ONLY = ("create_as", "push_unverified_emails", "without_account", "match_accounts")

    def __init__(
        self, *args: Any, stages: list[tuple[int, str]], descriptions: Mapping[str, Description], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.descriptions = descriptions
        self.fields["push_stages"] = forms.MultipleChoiceField(
            label="Stages",
            required=False,
            choices=[(NO_STAGE, "No stage"), *((str(pk), name) for pk, name in stages)],
            widget=forms.CheckboxSelectMultiple,
        )
        self.initial["push_stages"] = [NO_STAGE if pk is None else str(pk) for pk in self.instance.push_stages]
        if self.instance.record_kind == "contact":
            self.fields["create_as"] = forms.ChoiceField(
                label="New people become",
                choices=[(name, f"{name}s") for name in ("Lead", "Contact") if name in descriptions],
            )
        else:
            for name in self.CONTACTS_ONLY:
                del self.fields[name]
        if self.instance.record_kind != "account":
            del self.fields["push_automatic_owner"]
        self._offer_sources()

    def _offer_sources(self) -> None:
        described = [self.descriptions[name] for name in self._created() if name in self.descriptions]
        writable = {
            remote.name: remote.label
            for description in described
            for remote in description.fields.values()
            if remote.is_createable and remote.type in {"picklist", "string", "combobox"} and not remote.is_required
        }
        choices = sorted(writable.items(), key=lambda pair: pair[1].lower())
        self.fields["source_field"] = forms.ChoiceField(
            label="Source field", required=False, choices=[("", "Write no source"), *choices]
        )
        self.values = self._known_values(described)

    def _created(self) -> tuple[str, ...]:
        return ("Lead", "Contact") if self.instance.record_kind == "contact" else ("Account",)

    def _known_values(self, described: list[Description]) -> list[str]:
        """The values that the org knows for the source, as suggestions."""
        fields = [one.fields.get(self.instance.source_field) for one in described]
        return sorted({value for field in fields if field for value in field.values})

    def clean_push_stages(self) -> list[int | None]:
        return [None if value == NO_STAGE else int(value) for value in self.cleaned_data["push_stages"]]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("push_new") and values.get("push_by_stage") and not values.get("push_stages"):
            self.add_error("push_stages", "Choose at least one stage, or push all new records.")
        created = values.get("create_as") or self._created()[-1]
        description = self.descriptions.get(created)
        remote = description.fields.get(values.get("source_field", "")) if description else None
        if remote and (fault := source_fault(remote, values.get("source_value", ""))):
            self.add_error("source_value", fault)
        return values


def source_fault(remote: RemoteField, value: str) -> str:
    """Why the source can't be written, "" when it can."""
    if not value:
        return "Say what to write, or choose to write no source."
    if remote.is_restricted and value not in remote.values:
        return f"“{remote.label}” allows only: {', '.join(remote.values)}."
    if remote.length and len(value) > remote.length:
        return f"“{remote.label}” holds {remote.length} characters at most."
    return ""


class MappingForm(forms.Form):
    """The mapping table of one remote object: three inputs a row, checked as a whole."""

    def __init__(
        self,
        fields: Mapping[str, Field],
        description: Description,
        present: Mapping[str, FieldMapping],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.local, self.description, self.present = fields, description, present
        self.faults: list[Fault] = []
        for field in fields.values():
            self._add_row(field)

    def _add_row(self, field: Field) -> None:
        row = self.present.get(field.name)
        winner = row.winner if row else FieldMapping.Winner.LATEST
        # Not a ChoiceField: why a choice is none is said better by ``faults``.
        self.fields[f"{field.name}-remote"] = forms.CharField(
            label=f"Salesforce field of {field.label}",
            required=False,
            initial=row.remote_field if row else "",
            widget=forms.Select(choices=self._choices(field, row.remote_field if row else "")),
        )
        self.fields[f"{field.name}-direction"] = forms.ChoiceField(
            label=f"Direction of {field.label}",
            required=False,
            choices=FieldMapping.Direction.choices,
            initial=row.direction if row else FieldMapping.Direction.BOTH,
        )
        self.fields[f"{field.name}-winner"] = forms.ChoiceField(
            label=f"Who wins {field.label}", required=False, choices=_winners(field), initial=winner
        )

    def _choices(self, field: Field, chosen: str) -> list[Any]:
        """Compatible fields, the org's own apart from the standard ones; what is gone is shown as gone."""
        fitting = sorted((one for one in self.description.fields.values() if fits(field, one)), key=_by_label)
        groups = [
            (name, [(one.name, _described(one)) for one in fitting if one.is_custom is is_custom])
            for name, is_custom in (("Standard fields", False), ("Custom fields", True))
        ]
        gone = (
            [(chosen, f"{chosen} (not in Salesforce any more)")]
            if chosen not in {"", *(f.name for f in fitting)}
            else []
        )
        return [("", "Not mapped"), *gone, *((name, options) for name, options in groups if options)]

    def rows(self) -> Iterator[dict[str, Any]]:
        """What the template shows: our field, its three inputs and what is wrong with them."""
        for field in self.local.values():
            yield {
                "field": field,
                "remote": self[f"{field.name}-remote"],
                "direction": self[f"{field.name}-direction"],
                "winner": self[f"{field.name}-winner"],
                "faults": [fault for fault in self.faults if fault.field == field.name],
            }

    @property
    def mapped(self) -> int:
        return len(self.present)

    @property
    def table_faults(self) -> list[Fault]:
        return [fault for fault in self.faults if not fault.field]

    def choices(self) -> list[Choice]:
        values = self.cleaned_data
        return [
            Choice(
                name,
                values.get(f"{name}-remote", ""),
                values.get(f"{name}-direction") or FieldMapping.Direction.BOTH,
                values.get(f"{name}-winner") or FieldMapping.Winner.LATEST,
            )
            for name in self.local
        ]

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        self.faults = faults(self.choices(), self.local, self.description)
        self.faults += [
            Fault(name.rpartition("-")[0], f"“{self.data.get(self.add_prefix(name), '')}” is not a choice here.")
            for name in self.errors
            if name in self.fields
        ]
        if any(not fault.is_warning for fault in self.faults):
            raise ValidationError("Nothing was saved: the rows marked red need another choice.")
        return values


def _winners(field: Field) -> list[Any]:
    """“Yes” can win only where the answer is yes or no."""
    winners = FieldMapping.Winner
    return [choice for choice in winners.choices if field.type == Type.BOOLEAN or choice[0] != winners.TRUE]


def _by_label(remote: RemoteField) -> str:
    return remote.label.lower()


def _described(remote: RemoteField) -> str:
    return f"{remote.label} ({remote.name})" + ("" if remote.is_writable else " – read only")


class StageMappingForm(forms.Form):
    """Which status means which stage."""

    def __init__(
        self,
        stages: list[tuple[int, str]],
        remote: RemoteField,
        present: Mapping[int, str],
        *args: Any,
        is_one_to_one: bool = True,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.stages, self.is_one_to_one = stages, is_one_to_one
        for pk, name in stages:
            values = [*remote.values, *([present[pk]] if pk in present and present[pk] not in remote.values else [])]
            self.fields[f"stage-{pk}"] = forms.ChoiceField(
                label=name,
                required=False,
                choices=[("", "Not mapped"), *((value, value) for value in values)],
                initial=present.get(pk, ""),
            )

    @property
    def mapped(self) -> int:
        return sum(bool(field.initial) for field in self.fields.values())

    def chosen(self) -> dict[int, str]:
        return {pk: value for pk, _ in self.stages if (value := self.cleaned_data.get(f"stage-{pk}", ""))}

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        names = dict(self.stages)
        first: dict[str, int] = {}
        for pk, value in self.chosen().items() if self.is_one_to_one else ():
            if value in first:
                message = f"“{value}” is chosen for {names[first[value]]} and {names[pk]}. One status means one stage."
                self.add_error(f"stage-{pk}", message)
            first.setdefault(value, pk)
        return values
