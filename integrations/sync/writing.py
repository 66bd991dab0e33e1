"""Steps that creates and updates share: what is sent, checked and answered."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any

from integrations.models import ErrorEntry, ObjectSettings
from integrations.sync import outbox
from integrations.sync.limits import problems
from integrations.sync.mapping import Problem
from integrations.sync.outbox import BATCH, Claim
from integrations.sync.outcomes import Item, Rejected, Waits, rejected, tried_again
from integrations.sync.plan import Direction, Plan
from integrations.sync.provider import (
    MONEY,
    Accepted,
    Answer,
    Later,
    Provider,
    ProviderError,
    Refused,
    RequestRefused,
    Value,
    Values,
)
from integrations.sync.records import Type
from integrations.sync.scope import Scope, refresh
from integrations.sync.stages import stage_problems

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
        if pair.field.name == "owner" and item.row.is_automatic and not scope.settings.push_automatic_owner:
            item.local.pop(pair.name, None)


def unfit(scope: Scope, item: Item, values: Values, *, is_create: bool) -> list[Problem]:
    """What Salesforce would refuse: by the object's description, for the stage, or because the owner left the org."""
    owners = [pair.name for pair in scope.pairs if pair.field.type == Type.OWNER and pair.name in values]
    found = [
        Problem("INACTIVE_OWNER_OR_USER", name, f"{scope.inactive_users[owner]} is inactive in Salesforce.")
        for name in owners
        if (owner := str(values[name])) in scope.inactive_users
    ]
    found += stage_problems(scope, item, values)
    found += _without_a_name(scope, item, values)
    found += _in_another_currency(scope, item, values if is_create else item.local)
    named = {problem.field for problem in found}
    described = problems(values, scope.description, is_create=is_create)
    return [*found, *(problem for problem in described if problem.field not in named)]


def _without_a_name(scope: Scope, item: Item, values: Values) -> Iterator[Problem]:
    """Values that a closed value map has no row for."""
    for pair in scope.pairs:
        if pair.name not in values or not pair.value_map.is_closed:
            continue
        if unsaid := pair.value_map.unsaid(pair.field.get(item.record)):
            message = f"{pair.field.label}: “{'”, “'.join(unsaid)}” is in no row of the field's value map."
            yield Problem("VALUE_NOT_MAPPED", pair.name, message, {"value": unsaid[0]})


def _in_another_currency(scope: Scope, item: Item, values: Values) -> Iterator[Problem]:
    """Amounts that would be taken for ones of the org's currency, since nothing says theirs."""
    ours = getattr(item.record, "currency", "")
    theirs = scope.assumed.get("currency", ours)
    if ours == theirs:
        return
    for pair in scope.pairs:
        if pair.remote.type == MONEY and pair.rule.direction != Direction.IN and values.get(pair.name):
            message = f"{pair.field.label}: it is in {ours} here, and Salesforce would take the number for {theirs}."
            yield Problem("OTHER_CURRENCY", pair.name, message)


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


def insists(scope: Scope, item: Item) -> bool:
    """Whether duplicate rules that only warn are not to stop it: a person said so, or the settings."""
    return item.row.create_anyway or scope.settings.duplicate_rule == ObjectSettings.DuplicateRule.SAVE


def by_insistence(scope: Scope, items: Sequence[Item]) -> list[tuple[bool, list[Item]]]:
    """Items apart by whether they insist, which is said of a whole call; no part is empty."""
    parts = [(answer, [item for item in items if insists(scope, item) == answer]) for answer in (False, True)]
    return [(answer, part) for answer, part in parts if part]


def write_all(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> Iterator[list[Item]]:
    """Send the changes of linked records, several batches at once; yields each batch when its outcomes are known."""
    for is_insisting, part in by_insistence(scope, items):
        yield from _write_all(claim, scope, part, provider, is_insisting)


def _write_all(
    claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider, is_insisting: bool
) -> Iterator[list[Item]]:
    """As ``write_all``, of items of which all insist, or none.

    When a call fails, those that were under way with it are still waited for and yielded; then its error is raised.
    """
    batches = [list(items[start : start + BATCH]) for start in range(0, len(items), BATCH)]
    sent: list[list[Item]] = []

    def going_out() -> Iterator[list[tuple[str, Values]]]:
        for batch in batches:
            sent.append(_noted(claim, batch))
            yield _changes(sent[-1])

    failure: ProviderError | None = None
    for number, answers in enumerate(provider.update_many(scope.remote_object, going_out(), insists=is_insisting)):
        if isinstance(answers, ProviderError):
            failure, claim.sending = answers, [item.row for item in sent[number]]
            continue
        _take(claim, scope, sent[number], answers, provider)
        yield batches[number]
    if isinstance(failure, RequestRefused) and len(claim.sending) == 1 and not refresh(scope, provider):
        (item,) = (item for batch in sent for item in batch if item.row is claim.sending[0])
        _take(claim, scope, [item], [Refused(failure.code, failure.message)], provider)
        yield [item]
    elif failure:
        raise failure


def write(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Send the changes of a few linked records and turn the answers into outcomes."""
    for _ in write_all(claim, scope, items, provider):
        pass


def _noted(claim: Claim, items: Sequence[Item]) -> list[Item]:
    """Write down what is sent, so that it is known again should no answer come; what others took over is theirs."""
    held = outbox.renew(claim, [item.row.pk for item in items])
    changes = zip(items, _changes(items), strict=True)
    intents = {item.row.pk: (payload, item.row.external_id) for item, (_, payload) in changes if item.row.pk in held}
    kept = outbox.note_sent(claim, intents)
    for item in items:
        if item.row.pk not in kept:
            item.outcome = Waits("Another worker has taken it over.")
    return [item for item in items if item.row.pk in kept]


def _changes(items: Sequence[Item]) -> list[tuple[str, Values]]:
    outcomes: list[Any] = [item.outcome for item in items]
    return [(outcome.remote_id, outcome.plan.to_remote) for outcome in outcomes]


def _take(claim: Claim, scope: Scope, items: Sequence[Item], answers: Sequence[Answer], provider: Provider) -> None:
    """Turn answers into outcomes; what was refused for single fields goes again without them."""
    again = []
    for item, answer in zip(items, answers, strict=True):
        outcome: Any = item.outcome
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
        found = unfit(scope, item, payloads[item.row.pk], is_create=is_create)
        if found and refresh(scope, provider):
            found = unfit(scope, item, payloads[item.row.pk], is_create=is_create)
        if found:
            item.outcome = Rejected(together(found), ErrorEntry.By.TANDEM, payloads[item.row.pk])
