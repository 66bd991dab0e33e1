"""Steps that creates and updates share: what is sent, checked and answered."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from integrations.models import ErrorEntry
from integrations.sync import outbox
from integrations.sync.mapping import Problem, problems
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item, Rejected, Waits, rejected, tried_again
from integrations.sync.plan import Plan
from integrations.sync.provider import Accepted, Answer, Later, Provider, Refused, RequestRefused, Value, Values
from integrations.sync.scope import Scope, refresh

LONE_FAILURES = 3


def still_open(items: Sequence[Item]) -> list[Item]:
    return [item for item in items if item.is_open]


def set_aside(items: Sequence[Item]) -> None:
    """A record that spoiled every call it was alone in, while others went through, is left to a person."""
    for item in still_open(items):
        if item.row.lone_failures >= LONE_FAILURES:
            message = "Salesforce answers with a fault of its own whenever this record is sent, and takes others."
            item.outcome = Rejected(Problem("SPOILS_ITS_CALL", "", message), ErrorEntry.By.TANDEM, item.local)


def withhold(scope: Scope, item: Item) -> None:
    """Leave out what a setting keeps here: an unverified address, the owner of an account that nobody asked for."""
    for pair in scope.pairs:
        is_unverified = getattr(item.record, "email_status", "") == "unverified"
        if pair.field.name == "email" and is_unverified and not scope.settings.push_unverified_emails:
            item.local.pop(pair.name, None)
        if pair.field.name == "owner" and item.row.is_automatic:
            item.local.pop(pair.name, None)


def together(found: Sequence[Problem]) -> Problem:
    """Several problems of one record as one: the first one's code, everybody's message."""
    first = found[0]
    details = {**first.details, "fields": [problem.field for problem in found]}
    return Problem(first.code, first.field, " ".join(problem.message for problem in found), details)


def answers_of(
    claim: Claim, scope: Scope, provider: Provider, call: Callable[[], Sequence[Answer]], items: Sequence[Item]
) -> Sequence[Answer]:
    """A batch that Salesforce refuses whole is refused for each of its records: the reason stands at each.

    Raises RequestRefused when our description of the object was old: with the new one the batch may be sent again.
    """
    if not items:
        return []
    try:
        return call()
    except RequestRefused as error:
        outbox.forget_sent(claim.token)
        if refresh(scope, provider) or len(items) > 1:  # one of several may be the cause: they go on in halves
            raise
        return [Refused(error.code, error.message)] * len(items)


def drop_unwritable(scope: Scope, item: Item, agreed: Plan, remote: Values) -> None:
    """A field that the login may not write is left alone, and said; the rest goes."""
    names = [name for name in agreed.to_remote if not scope.description.fields[name].is_updateable]
    leave_out(scope, item, agreed, names, remote)


def leave_out(scope: Scope, item: Item, agreed: Plan, names: Iterable[str], remote: Values) -> None:
    """Agree to differ in fields that can't be sent, until one of the sides changes."""
    left = [name for name in names if name in agreed.to_remote]
    for name in left:
        agreed.agree_to_differ(name, agreed.to_remote.pop(name), remote.get(name))
    item.note_left_out(scope, left)


def write(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Send the changes of linked records and turn the answers into outcomes."""
    kept = outbox.renew(claim, [item.row.pk for item in items])
    for item in items:
        if item.row.pk not in kept:
            item.outcome = Waits("Another worker has taken it over.")
    items = [item for item in items if item.row.pk in kept]
    outcomes: list[Any] = [item.outcome for item in items]
    changes = [(outcome.remote_id, outcome.plan.to_remote) for outcome in outcomes]
    claim.sending = [item.row for item in items]
    answers = answers_of(claim, scope, provider, lambda: provider.update(scope.remote_object, changes), items)
    claim.sending = []
    again = []
    for item, outcome, answer in zip(items, outcomes, answers, strict=True):
        payload = outcome.plan.to_remote
        match answer:
            case Refused(of_fields=True, fields=names) if set(names) & set(payload):
                leave_out(scope, item, outcome.plan, names, outcome.remote.values)
                again += [item] if outcome.plan.to_remote else []
            case Accepted():
                item.outcome = replace(outcome, sent=dict(payload))
            case Later(code, message):
                item.outcome = tried_again(item.row, code, message, payload)
            case Refused():
                item.outcome = rejected(answer, payload)
    if again:
        write(claim, scope, again, provider)


def check(
    scope: Scope, items: Sequence[Item], payloads: dict[int, dict[str, Value]], provider: Provider, *, is_create: bool
) -> None:
    """Refuse here what Salesforce would refuse, by a fresh description: an admin may just have mended it."""
    for item in items:
        found = problems(payloads[item.row.pk], scope.description, is_create=is_create)
        if found and refresh(scope, provider):
            found = problems(payloads[item.row.pk], scope.description, is_create=is_create)
        if found:
            item.outcome = Rejected(together(found), ErrorEntry.By.TANDEM, payloads[item.row.pk])
