"""The settings of the sync at full size (see ``crowding``): times, queries and bytes of their pages."""

from collections.abc import Iterator

from django.urls import reverse

from benchmarks.asking import Address, ask, table
from benchmarks.pages import in_workspace, signed_in
from benchmarks.world import World
from integrations.configuration import export
from integrations.configuration.text import write
from integrations.logins import the_connection
from integrations.models import Connection, ErrorEntry, Run
from users.models import User

COUNT = 12


def run(world: World) -> Iterator[str]:
    yield from in_workspace(world, ["crowding"], ["settings"])


def work(words: str = "", count: str = str(COUNT)) -> Iterator[str]:
    """Ask the pages of the database of DATABASE_URL, or those whose label has these words."""
    admin = User.objects.filter(role=User.Role.ADMIN).order_by("pk")[:1].get()
    wanted = {label: address for label, address in _addresses(the_connection()).items() if words in label}
    asked = [ask(signed_in(admin), label, [address], int(count)) for label, address in wanted.items()]
    yield table("settings: 800 fields, 5,000 refusals, an admin (CPU within 200 ms)", asked)


def _addresses(connection: Connection) -> dict[str, Address]:
    text = write(export.present(connection))
    pull, push = (
        Run.objects.filter(kind=kind, updated__gt=0).latest("pk").pk for kind in (Run.Kind.PULL, Run.Kind.PUSH)
    )
    refused = ErrorEntry.objects.open().filter(code="STRING_TOO_LONG").values_list("pk", flat=True)[0]
    entry = ErrorEntry.objects.open().filter(code="INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST").latest("pk").pk
    return {
        "overview": _url("overview"),
        "contacts and leads": _url("object", "contact"),
        "its conditions, ten of an object": _url("conditions", "Contact"),
        "accounts": _url("object", "account"),
        "deals": _url("object", "deal"),
        "conditions, as they are filled in": (_url("conditions_draft", "Contact"), _drafted()),
        "its table of fields": _url("field_table", "contact"),
        "table of fields, narrowed": _url("fields", "contact") + "?q=field+7",
        "side panel of a field": _url("mapping", "Contact") + "?field=custom.f5",
        "what it may be mapped to": _url("pair_choices", "Contact") + "?field=custom.f5&q=field",
        "apply to existing records": _url("alignment", "Contact") + "?field=custom.f5",
        "refusals, by cause": _url("errors"),
        "refusals, a word": _url("errors") + "?q=person+49",
        "a refusal": _url("error", refused),
        "a refusal of a picklist's value": _url("error", entry),
        "conflicts": _url("conflicts"),
        "guesses": _url("matches"),
        "likenesses": _url("duplicates"),
        "health": _url("health"),
        "runs": _url("runs"),
        "a run": _url("run", pull),
        "undo of a pull": _url("undo", pull),
        "undo of a push": _url("undo", push),
        "previews": _url("previews"),
        "logins": _url("logins"),
        "permissions of ten logins": _url("permissions") + "?object=Contact",
        "settings log": _url("settings_log"),
        "configuration": _url("configuration"),
        "configuration as text": _url("configuration_text"),
        "comparing the same text": (_url("configuration_compare"), {"text": text}),
        "comparing, every field changes": (
            _url("configuration_compare"),
            {"text": text.replace("salesforce: Field_", "direction: in\n        salesforce: Field_")},
        ),
        "comparing, 100 faults": (_url("configuration_compare"), {"text": text.replace("Field_7", "Field_7x")}),
        "notices": _url("notices"),
    }


def _drafted() -> dict[str, list[str]]:
    rows = {str(number): {"field": f"custom.f{number}", "operator": "is_not", "values": "x"} for number in range(10)}
    named = {f"{row}-{name}": [value] for row, values in rows.items() for name, value in values.items()}
    return named | {"row": list(rows), "add": ["1"]}


def _url(name: str, *arguments: str | int) -> str:
    return reverse(f"integrations:{name}", args=arguments)
