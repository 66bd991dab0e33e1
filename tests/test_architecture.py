"""The picture of docs/architecture.md, compared with the imports that the files really have.

Every exception stands in a table of this file with its reason. The tables only shrink: an exception that nobody needs
any more fails its test.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

# Each may import what stands before it, and Django.
APPS = ["common", "users", "directory", "accounts", "contacts", "deals", "activities", "integrations"]
DOMAIN = ["directory", "accounts", "contacts", "deals", "activities"]
OURS = {*APPS, "config", "localorg", "tests", "benchmarks"}

# Inside integrations, from the floor up. A part imports its own layer and those below.
LAYERS: list[set[str]] = [
    {"models"},
    {"activity_rules"},
    {"sync"},
    {
        "salesforce",
        "services",
        "budget",
        "ownership",
        "status",
        "progress",
        "health",
        "metrics",
        "sampling",
        "telling",
        "access",
        "explanations",
        "remedies",
        "deletions",
        "conflicts",
        "permissions",
        "campaign_rights",
        "personal",
        "mapping_lines",
        "settings_events",
        "settings_telling",
        "settings_log",
    },
    {"logins", "mappings", "suggesting", "everything", "undoing", "dependencies"},
    {"rebasing"},
    {"pairing", "choosing"},
    {
        "providers",
        "tuning",
        "activity_settings",
        "activity_reach",
        "activity_testing",
        "activity_titles",
        "pipeline",
        "staging",
        "proposing",
        "pauses",
    },
    {
        "connecting",
        "rehearsed",
        "rehearsal",
        "campaigns",
        "pushing",
        "member_pushing",
        "pulling",
        "aligning",
        "forecasting",
        "obstacles",
    },
    {"identities"},
    {"checking", "guide", "revoking", "rotation", "people", "embedding", "signing_in"},
    {"asking", "mending", "deciding", "forms", "causes", "inbox", "notices"},
    {"tables", "conditioning", "field_table"},
    {"examples"},
    {"changes", "outlook", "shifting"},
    {"configuration"},
    {"planning"},
    {"previewing"},
    {"carrying", "trying"},
    {"doctor", "restoring"},
    {"tasks"},
    {
        "panels",
        "strangers",
        "timeline",
        "erasing",
        "retention",
        "listing",
        "receivers",
        "schedules",
        "views",
        "salesforce.views",
        "salesforce.urls",
        "api",
        "api_campaigns",
        "api_conditions",
        "api_conflicts",
        "api_logins",
        "api_tombstones",
        "admin",
        "management",
    },
    {"apps", "urls"},
]
# The picture has one file that names both halves, providers.py. Connecting an org and editing its mapping are about
# Salesforce, so these know it too; that a second provider would need a seam here is the price.
KNOW_SALESFORCE = {
    "providers",  # the seam of the engines
    "connecting",  # signs in, reads the org
    "proposing",  # which fields of a stock org belong to ours
    "logins",  # renews tokens
    "mappings",  # which pairs of fields fit
    "suggesting",  # what the fields of a stock org are called
    "choosing",  # which pairs of fields fit
    "pairing",  # what a new pair begins with
    "forms",  # login hosts, source fields
    "campaigns",  # asks the org for its campaigns
    "pulling",  # the type of what providers.py answers
    "deciding",  # ids that people paste
    "asking",  # what a record type allows
    "management",  # connects without a browser
    "checking",  # asks for rights
    "doctor",  # the type of what providers.py answers
    "identities",  # who signs in there
    "signing_in",  # its refusals
    "embedding",  # signs in there, asks who may read an account
    "revoking",  # makes tokens worthless there
    "rotation",  # proves a new secret there
    "api",  # ids of 15 characters
    "views",  # the demo's sign-ins on the settings pages
}
# sync/records.py is the one file of the core that names domain apps; two more know people from companies.
NAME_THE_DOMAIN = {
    "sync.records": "our record types",
    "sync.activities.due": "the kinds of activities",
    "sync.activities.leaving": "activities that go with their records",
    "sync.activities.objects": "what kinds of activities are there",
    "sync.activities.passing": "activities that a one-time push looks at",
    "sync.activities.people": "whom and what an activity hangs on",
    "sync.activities.pulling": "tasks that come from there",
    "sync.activities.saying": "what activities have to say",
    "sync.activities.scope": "activities with what they say",
    "sync.activities.unseen": "open tasks",
    "sync.activities.waiting": "people go before what they took part in",
    "sync.activities.writer": "columns of tasks",
    "sync.parents": "contacts join accounts, and make them",
    "sync.matching": "pulled people are matched to ours by their addresses",
    "sync.enriching": "what the directory knows of records that are pulled",
    "sync.roles": "who takes part in deals",
    "sync.casting": "who takes part in deals",
    "sync.role_push": "who takes part in deals",
    "activity_rules.facts": "who takes part in an activity, and what it is about",
    "activity_rules.titles": "what titles of activities may name",
    "activity_rules.verdicts": "the kinds of activities",
    "strangers": "e-mails and meetings ask whether people are made of whoever is in them",
    "activity_reach": "the newest activities",
    "restoring": "people in sequences",
    "activity_testing": "the newest e-mails, and who is known by an address",
    "activity_titles": "the newest activity of a kind",
    "embedding.account": "the account that a page of the org is about",
    "embedding.doing": "people of the directory become contacts before anything is done with them",
    "embedding.letters": "e-mails are written in the panel",
    "embedding.people": "contacts, and people of the directory beside them",
    "embedding.views": "the account on show",
    "forms.activities": "the kinds of activities that have titles",
    "views.activities": "what placeholders a title may have",
    "receivers": "who takes part in a deal is pushed with it",
    "erasing": "deals tell who takes part in them by name",
    "listing": "people of the directory become contacts before they are pushed",
    "sync.stages": "a deal's stages are the org's own",
    "salesforce.org": "the org's opportunity stages, as a pipeline takes them",
    "connecting": "the org's opportunity stages become a pipeline",
}
# What the core may not know: requests, pages, and how anybody speaks to an org.
NOT_IN_SYNC = {"django.http", "django.shortcuts", "django.urls", "django.template", "django.views"}
NOT_IN_SYNC |= {"django.contrib.auth", "django_q", "requests", "simple_salesforce", "authlib", "rest_framework"}
NAMED_AFTER_SALESFORCE: set[tuple[str, str]] = set()
# Values in, values out, as in the standard library.
PURE_IN_DJANGO = {"django.utils.dateparse.parse_datetime"}


@dataclass(frozen=True)
class Import:
    """``for_types``: below ``if TYPE_CHECKING``, so that it never runs."""

    importer: str
    imported: str
    for_types: bool

    def __str__(self) -> str:
        return f"{self.importer} imports {self.imported}"

    @property
    def app(self) -> str:
        return self.imported.partition(".")[0]


def modules(package: str) -> Iterator[tuple[str, ast.Module]]:
    for path in sorted((ROOT / package).rglob("*.py")):
        if "migrations" not in path.parts:
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
            yield name, ast.parse(path.read_text(), filename=str(path))


@cache
def imports(package: str) -> tuple[Import, ...]:
    return tuple(found for name, tree in modules(package) for found in _imports(name, tree))


def _imports(name: str, tree: ast.Module) -> Iterator[Import]:
    is_package = (ROOT / name.replace(".", "/")).is_dir()
    for_types = {id(below) for node in ast.walk(tree) if _is_type_checking(node) for below in ast.walk(node)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(name, alias.name, id(node) in for_types) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _base(name, node, is_package=is_package)
            yield from (Import(name, f"{base}.{alias.name}", id(node) in for_types) for alias in node.names)


def _is_type_checking(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"


def _base(name: str, node: ast.ImportFrom, *, is_package: bool) -> str:
    if not node.level:
        return node.module or ""
    parts = name.split(".")
    parts = parts[: len(parts) - node.level + is_package]
    return ".".join([*parts, node.module] if node.module else parts)


def part(name: str) -> str:
    """The part of integrations that a module belongs to, as LAYERS names it."""
    inner = name.removeprefix("integrations.").split(".")
    full = ".".join(inner[:2])
    return full if any(full in layer for layer in LAYERS) else inner[0]


def layer(name: str) -> int:
    return next((number for number, parts in enumerate(LAYERS) if part(name) in parts), -1)


def inside(names: Iterator[Import] | tuple[Import, ...]) -> list[Import]:
    return [found for found in names if found.imported.startswith("integrations.")]


@pytest.mark.parametrize("app", APPS)
def test_an_app_imports_only_what_stands_below_it(app: str) -> None:
    above = OURS - set(APPS[: APPS.index(app) + 1])

    # common names users' model in annotations: who acts is a user, and the floor may say so without standing on it.
    wrong = [found for found in imports(app) if found.app in above and not found.for_types]

    assert not wrong, "\n".join(map(str, wrong))


@pytest.mark.parametrize("app", [*DOMAIN, "common", "users"])
def test_the_domain_names_no_salesforce(app: str) -> None:
    named = [
        f"{name}:{node.lineno} {node.value!r}"
        for name, tree in modules(app)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "salesforce" in node.value.lower()
        if not _is_docstring(tree, node)
    ]

    assert not named, "\n".join(named)


def _is_docstring(tree: ast.Module, constant: ast.Constant) -> bool:
    return any(isinstance(node, ast.Expr) and node.value is constant for node in ast.walk(tree))


def test_the_local_org_shares_nothing_with_us() -> None:
    assert not [str(found) for found in imports("localorg") if found.app in OURS - {"localorg"}]
    assert not [str(found) for app in [*APPS, "config"] for found in imports(app) if found.app == "localorg"]


def test_nothing_imports_the_composition() -> None:
    for app in [*APPS, "localorg"]:
        assert not [str(found) for found in imports(app) if found.app in {"config", "tests", "benchmarks"}]


def test_every_part_of_integrations_has_its_layer() -> None:
    homeless = {name for name, _ in modules("integrations") if name != "integrations" and layer(name) < 0}

    assert not homeless, f"Give a layer to {sorted(homeless)}."


def test_inside_integrations_imports_point_down() -> None:
    wrong = [str(found) for found in inside(imports("integrations")) if layer(found.imported) > layer(found.importer)]

    assert not wrong, "\n".join(wrong)


def test_who_rings_the_bell_or_draws_a_card_reaches_salesforce_only_through_the_outbox() -> None:
    through_the_outbox = {"services", "receivers", "panels", "status", "progress", "schedules", "sync", "models"}
    wrong = [
        str(found)
        for found in inside(imports("integrations"))
        if part(found.importer) in through_the_outbox and part(found.imported).startswith("salesforce")
    ]

    assert not wrong, "\n".join(wrong)


def test_salesforce_is_known_where_it_must_be() -> None:
    knowing = {
        part(found.importer)
        for found in inside(imports("integrations"))
        if found.imported.startswith("integrations.salesforce") and not part(found.importer).startswith("salesforce")
    }

    assert knowing == KNOW_SALESFORCE


def test_the_core_knows_no_request_and_no_provider() -> None:
    core = [found for found in imports("integrations") if found.importer.startswith("integrations.sync")]
    wrong = [str(found) for found in core if any(f"{found.imported}.".startswith(f"{name}.") for name in NOT_IN_SYNC)]
    wrong += [
        str(found) for found in inside(tuple(core)) if part(found.imported) not in {"sync", "models", "activity_rules"}
    ]

    assert not wrong, "\n".join(wrong)


def test_the_core_calls_nothing_after_salesforce() -> None:
    named = {
        (name.removeprefix("integrations."), word)
        for name, tree in modules("integrations/sync")
        for node in ast.walk(tree)
        for word in (getattr(node, attribute, None) for attribute in ("id", "attr", "name", "arg"))
        if isinstance(word, str) and "salesforce" in word.lower()
    }

    assert named == NAMED_AFTER_SALESFORCE


def test_the_domain_is_named_where_it_must_be() -> None:
    naming = {found.importer.removeprefix("integrations.") for found in imports("integrations") if found.app in DOMAIN}

    assert naming == set(NAME_THE_DOMAIN)


@pytest.mark.parametrize("module", ["sync.plan", "sync.provider", "sync.mapping", "sync.value_map", "sync.limits"])
def test_what_is_hard_is_pure(module: str) -> None:
    """No database, no clock, no settings: the fields of records.py are plain values there."""
    names = ("limits", "mapping", "plan", "provider", "records", "value_map")
    allowed = {f"integrations.sync.{name}" for name in names}
    found = [one for one in imports("integrations") if one.importer == f"integrations.{module}"]

    assert not [str(one) for one in found if one.app == "django" and one.imported not in PURE_IN_DJANGO]
    assert not [str(one) for one in found if one.app in OURS and one.imported.rpartition(".")[0] not in allowed]


@pytest.mark.parametrize("module", ["salesforce.client", "salesforce.soql", "salesforce.oauth", "salesforce.provider"])
def test_speaking_to_an_org_needs_no_django(module: str) -> None:
    found = [one for one in imports("integrations") if one.importer == f"integrations.{module}"]

    assert not [str(one) for one in found if one.app in {"django", "common", "users", *DOMAIN}]


def test_their_words_are_class_words_only_on_their_side() -> None:
    theirs = {"Opportunity", "Task", "Lead"}
    classes = {
        f"{name}.{node.name}"
        for app in APPS
        for name, tree in modules(app)
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name in theirs and not name.startswith("integrations.salesforce")
    }

    assert not classes
