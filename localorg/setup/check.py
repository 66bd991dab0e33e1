"""Whether what a file says fits together: every name that it mentions exists, and is mentioned where it may be."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from localorg.schema import Schema, SObject
from localorg.setup.model import PermissionSet, Profile, Setup
from localorg.setup.reading import SetupError

SEEDS = ("small", "medium", "large")
CONTROLLED = ("Contact", "Task", "Event")  # objects that may be shared as their parents are


def check(setup: Setup, schema: Schema) -> None:
    """Raises SetupError."""
    if isinstance(setup.seed, str) and setup.seed not in SEEDS:
        raise SetupError("seed", f'"{setup.seed}" is not allowed here; allowed: {", ".join(SEEDS)}, a number')
    _check_roles(setup)
    _check_users(setup)
    _check_sharing(setup, schema)
    _check_holders("profiles", setup.profiles, schema)
    _check_holders("permission_sets", setup.permission_sets, schema)


def _check_roles(setup: Setup) -> None:
    parents = {role.name: role.parent for role in setup.roles}
    _check_unique("roles", [role.name for role in setup.roles])
    for number, role in enumerate(setup.roles, 1):
        _check_name(f"roles[{number}].parent", role.parent, parents)
        above, seen = role.parent, {role.name}
        while above is not None:
            if above in seen:
                raise SetupError(f"roles[{number}].parent", f'"{role.name}" would be above itself')
            seen.add(above)
            above = parents.get(above)


def _check_users(setup: Setup) -> None:
    if not setup.users or not setup.users[0].active:
        raise SetupError("users", 'the first must be an active user; extends = "plain" brings some')
    _check_unique("users", [user.username.lower() for user in setup.users])
    for number, user in enumerate(setup.users, 1):
        key = f"users[{number}]"
        _check_name(f"{key}.profile", user.profile, [profile.name for profile in setup.profiles])
        _check_name(f"{key}.role", user.role, [role.name for role in setup.roles])
        for name in user.permission_sets:
            _check_name(f"{key}.permission_sets", name, [chosen.name for chosen in setup.permission_sets])


def _check_sharing(setup: Setup, schema: Schema) -> None:
    owned = [sobject.name for sobject in schema if sobject.has("OwnerId")]
    for name, model in setup.sharing.items():
        _check_name(f"sharing.{name}", name, owned)
        if model == "ControlledByParent" and name not in CONTROLLED:
            raise SetupError(f"sharing.{name}", f"only these are controlled by a parent: {', '.join(CONTROLLED)}")


def _check_holders(key: str, holders: Sequence[Profile | PermissionSet], schema: Schema) -> None:
    _check_unique(key, [holder.name for holder in holders])
    for number, holder in enumerate(holders, 1):
        _check_permissions(holder, schema, f"{key}[{number}]")


def _check_permissions(holder: Profile | PermissionSet, schema: Schema, key: str) -> None:
    permitted = {sobject.name: sobject for sobject in schema if sobject.can("permissions")}
    for name in holder.objects:
        _check_name(f"{key}.objects", name, ["*", *permitted])
    secured = {sobject.name: sobject for sobject in schema if sobject.can("layout")}
    for name in holder.fields:
        _check_field(f"{key}.fields", name, secured)


def _check_field(key: str, name: str, secured: Mapping[str, SObject]) -> None:
    sobject_name, _, field_name = name.partition(".")
    _check_name(key, sobject_name, secured)
    fields = secured[sobject_name].fields.values()
    _check_name(key, field_name, ["*", *(field.name for field in fields if field.permissionable)])


def _check_name(key: str, name: Any, allowed: Collection[str]) -> None:
    if name is not None and name not in allowed:
        raise SetupError(key, f'there is no "{name}" for this; allowed: {", ".join(allowed) or "none"}')


def _check_unique(key: str, names: Iterable[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise SetupError(key, f'"{name}" is there {count} times')
