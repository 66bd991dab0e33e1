"""Saving which activities are pushed and which e-mails are kept out."""

from collections.abc import Collection, Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.utils import timezone

from integrations.models import ActivitySettings, Connection, ExclusionRule
from integrations.models.activities import CONDITIONS

RULE = ("name", "join", *CONDITIONS)


class Gone(Exception):
    """Somebody deleted or changed a rule while its form stood open; the text says which."""


@transaction.atomic
def save_settings(settings: ActivitySettings, changed: Collection[str]) -> list[str]:
    """Save the named columns; answers what that did, in words."""
    if not changed:
        return ["Nothing had changed."]
    row, _ = ActivitySettings.objects.select_for_update().get_or_create(connection=settings.connection)
    for name in changed:
        setattr(row, name, getattr(settings, name))
    row.follow_switches(changed, timezone.now())
    row.save(update_fields=[*changed, "on_since", "updated_at"])
    return ["Saved. It counts from now on."]


@transaction.atomic
def save_rule(rule: ExclusionRule, seen: datetime | None = None) -> None:
    """Save a rule as a whole, unless it is not as it was ``seen``. Raises Gone."""
    try:
        if rule.pk:
            _look_again(rule, seen)
            rule.save(update_fields=[*RULE, "updated_at"])
        else:
            rule.save(force_insert=True)
    except IntegrityError:
        raise Gone("Somebody gave another rule this name a moment ago.") from None


@transaction.atomic
def delete_rule(rule: ExclusionRule) -> None:
    """Raises Gone."""
    _locked(rule).delete()


@transaction.atomic
def replace_rules(connection: Connection, wanted: Iterable[ExclusionRule]) -> list[str]:
    """Have these rules and no others; those of the same name stay the same row."""
    present = {rule.name: rule for rule in connection.exclusion_rules.select_for_update()}
    for rule in wanted:
        before = present.pop(rule.name, None)
        if before is None:
            rule.save(force_insert=True)
        elif any(getattr(before, name) != getattr(rule, name) for name in RULE):
            rule.pk = before.pk
            rule.save(update_fields=[*RULE, "updated_at"])
    connection.exclusion_rules.filter(pk__in=[rule.pk for rule in present.values()]).delete()
    return ["The exclusion rules are saved. They count from now on."]


def _look_again(rule: ExclusionRule, seen: datetime | None) -> None:
    present = _locked(rule)
    if seen and present.updated_at != seen:
        raise Gone("Somebody changed this rule meanwhile. Open it again to see what it says now.")


def _locked(rule: ExclusionRule) -> ExclusionRule:
    try:
        return ExclusionRule.objects.select_for_update().get(pk=rule.pk, connection=rule.connection)
    except ExclusionRule.DoesNotExist:
        raise Gone("Somebody deleted this rule meanwhile.") from None
