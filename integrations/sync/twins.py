"""Before creating: is it there already? Exactly one unlinked twin is linked instead; several are a question."""

from collections.abc import Sequence

from common.bulk import any_of
from common.models import RecordKind
from integrations.models import ErrorEntry, ObjectSettings, RecordLink, SyncEvent
from integrations.sync.linking import PLEASE_CHECK
from integrations.sync.mapping import Problem, normal
from integrations.sync.matching import LOOKED_THROUGH, Twins, links_by_remote_id, sort_out, wanted
from integrations.sync.outbox import Claim
from integrations.sync.outcomes import Item, Linked, Rejected
from integrations.sync.plan import Base, plan
from integrations.sync.provider import Provider, RemoteRecord, Value
from integrations.sync.scope import Scope, base_of
from integrations.sync.writing import drop_unwritable, still_open, withhold, write

MADE_ON_PURPOSE = "Salesforce has more records that look like this one: one was made here beside the other."
LINKED = "Linked to the record that Salesforce had already."
OLDEST = "Linked to the oldest of several records that look like it, as the settings say."
MADE_BY_RULE = "Salesforce has several records that look like this one: another was made, as the settings say."
Several = ObjectSettings.SeveralMatches


def link_twins(claim: Claim, scope: Scope, items: Sequence[Item], provider: Provider) -> None:
    """Ask for all of them at once what is there; those that a person said are nobody's twins are not asked for."""
    objects = LOOKED_THROUGH.get(RecordKind(scope.kind), ())
    asked = [item for item in still_open(items) if not item.row.create_anyway]
    if not objects or not asked:
        return
    scopes = {name: scope.of(name) for name in objects}
    fields = {name: scopes[name].names for name in objects}
    answers = provider.find(objects, [wanted(item.record) for item in asked], fields)
    links = links_by_remote_id([twin.id for found in answers for twin in found])
    former = former_bases(scope, asked)
    taken: set[str] = set()
    on_purpose: list[str] = []
    seen = _seen_as(scopes, [item for item, found in zip(asked, answers, strict=True) if found])
    for item, found in zip(asked, answers, strict=True):
        twins = sort_out(found, links, taken)
        rule = scope.settings.several_matches if twins.are_several and not item.row.is_automatic else ""
        if rule == Several.ASK:
            item.outcome = Rejected(_which_one(scopes, twins), ErrorEntry.By.TANDEM, item.local)
        elif rule == Several.CREATE:
            item.note = MADE_BY_RULE
        elif chosen := twins.oldest if rule else twins.only or _best(scope, item, twins.unlinked):
            taken |= {chosen.id, twins.also_lead_id} - {""}
            item.scope = scopes[chosen.remote_object]
            item.seen = seen[chosen.remote_object][item.record.pk]
            item.base = former.get((item.record.pk, chosen.id))
            item.outcome = adopted(item, chosen, twins, OLDEST if rule else _note(twins))
        elif twins.linked:
            item.note = MADE_ON_PURPOSE
            on_purpose += [twin.id for twin in twins.linked]
    RecordLink.objects.filter(remote_id__in=any_of(on_purpose)).update(note=MADE_ON_PURPOSE)
    write_adopted(claim, scopes, items, provider)


def former_bases(scope: Scope, items: Sequence[Item]) -> dict[tuple[int | None, str], Base | None]:
    """What was agreed on with counterparts that were lost since, by both ids: it counts where those are back."""
    links = RecordLink.objects.of(scope.kind, [item.record.pk for item in items]).exclude(dropped_at=None)
    return {(link.record_id, link.remote_id): base_of(link) for link in links}


def _best(scope: Scope, item: Item, twins: Sequence[RemoteRecord]) -> RemoteRecord | None:
    """Of several records that one may be: the same owner's, then the latest changed, then the oldest."""
    owners = [pair.name for pair in scope.pairs if pair.field.name == "owner"]
    return min(
        twins,
        key=lambda twin: (
            any(twin.values.get(name) != item.seen.get(name) for name in owners),
            -twin.edited_at.timestamp(),
            twin.id,
        ),
        default=None,
    )


def _seen_as(scopes: dict[str, Scope], items: Sequence[Item]) -> dict[str, dict[int, dict[str, Value]]]:
    """Our records in the words of each object that they may turn out to be."""
    records = [item.record for item in items]
    return {name: scope.express(records, scope.vocabulary(records)) for name, scope in scopes.items()}


def _note(twins: Twins) -> str:
    if not twins.are_several:
        return LINKED
    return f"Linked to one of {len(twins.unlinked)} records in Salesforce that look like it: {PLEASE_CHECK}"


def _which_one(scopes: dict[str, Scope], twins: Twins) -> Problem:
    candidates = [
        {"remote_object": twin.remote_object, "remote_id": twin.id, "name": name_of(scopes[twin.remote_object], twin)}
        for twin in twins.unlinked
    ]
    message = (
        f"Salesforce has {len(candidates)} records that look like this one. Choose one to link, or create another."
    )
    return Problem("SEVERAL_MATCHES", "", message, {"candidates": candidates})


def name_of(scope: Scope, twin: RemoteRecord) -> str:
    names = [pair.name for pair in scope.pairs if pair.field.name in {"first_name", "last_name", "name"}]
    parts = (twin.values.get(name) for name in names)
    return " ".join(str(part) for part in parts if part)


def adopted(item: Item, twin: RemoteRecord, twins: Twins, note: str) -> Linked:
    """First link: their non-empty values win, their empty ones are filled with ours. With a base: by that."""
    scope = item.scope
    item.local = dict(item.seen)
    withhold(scope, item)
    values = {name: normal(scope.by_name[name].remote, value) for name, value in twin.values.items()}
    item.base = scope.recalled(item.base, item.local, values)
    first = plan(item.base, item.local, values, scope.rules, sent=item.row.sent)
    drop_unwritable(scope, item, first, values)
    return Linked(twin.id, twin.remote_object, first, SyncEvent.Kind.LINKED, twin, twins.also_lead_id, note)


def write_adopted(claim: Claim, scopes: dict[str, Scope], items: Sequence[Item], provider: Provider) -> None:
    """Fill the empty fields of records that were linked instead of created."""
    for name, scope in scopes.items():
        chosen = [
            item
            for item in items
            if isinstance(item.outcome, Linked)
            and item.outcome.kind == SyncEvent.Kind.LINKED
            and item.outcome.remote_object == name
            and item.outcome.plan.to_remote
        ]
        write(claim, scope, chosen, provider)
