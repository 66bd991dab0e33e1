"""Where notes are shown: links of a document there, each a record of its own.

They are made after the note, which is due once more for them. One that is there already is not made again, so that a
call whose answer was lost may be repeated. What was made is kept with the base of the note's link.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from integrations.models import Outbox, RecordLink
from integrations.sync import outbox
from integrations.sync.activities.objects import NOTE
from integrations.sync.activities.people import places_of
from integrations.sync.activities.scope import ActivityScope
from integrations.sync.outbox import BATCH, Claim
from integrations.sync.outcomes import Item, Linked, rejected, tried_again
from integrations.sync.provider import Accepted, Answer, Later, Provider, Refused, RequestRefused

SHOWN_BY = "ContentDocumentLink"
DOCUMENT, PLACE = "ContentDocumentId", "LinkedEntityId"
ALREADY = "DUPLICATE_VALUE"
PLACES = "places"  # among the base of a link: the ids of such links, by whom and what they are of


def push_places(claim: Claim, scope: ActivityScope, items: Sequence[Item], provider: Provider) -> None:
    """Show notes where they belong by now. What became of it is noted with the items."""
    linked = [item for item in items if isinstance(item.outcome, Linked)]
    if scope.remote_object != NOTE or not linked:
        return
    if claim.operation == Outbox.Operation.CREATE:
        for item in linked:
            item.outcome = replace(item.outcome, is_stale=True)  # type: ignore[type-var]
        return
    known: dict[int, dict[str, str]] = {item.row.pk: dict(_known(item)) for item in linked}
    wanted: dict[int, list[str]] = {item.row.pk: places_of(item.record) for item in linked}  # type: ignore[arg-type]
    lacking = [(item, place) for item in linked for place in wanted[item.row.pk] if place not in known[item.row.pk]]
    surplus = [(item, place) for item in linked for place in known[item.row.pk] if place not in wanted[item.row.pk]]
    for part in _batches(claim, lacking):
        payloads = [
            {DOCUMENT: _id(item), PLACE: place, "ShareType": "V", "Visibility": "AllUsers"} for item, place in part
        ]
        for (item, place), answer in zip(part, _made(part, payloads, provider), strict=True):
            if isinstance(answer, Accepted) or (isinstance(answer, Refused) and answer.code == ALREADY):
                known[item.row.pk][place] = answer.remote_id if isinstance(answer, Accepted) else ""
            else:
                _note(item, answer)
    for part in _batches(claim, surplus):
        ids = [known[item.row.pk].pop(place) for item, place in part]
        provider.delete(SHOWN_BY, [id_ for id_ in ids if id_])
    claim.sending = []
    _keep(linked, known)


def _known(item: Item) -> Mapping[str, str]:
    base: Mapping[str, Any] = item.link.base if item.link else {}
    return base.get(PLACES) or {}


def _id(item: Item) -> str:
    return str(getattr(item.outcome, "remote_id", ""))


def _batches(claim: Claim, pairs: Sequence[tuple[Item, str]]) -> Any:
    for start in range(0, len(pairs), BATCH):
        part = pairs[start : start + BATCH]
        kept = outbox.renew(claim, {item.row.pk for item, _ in part})
        mine = [(item, place) for item, place in part if item.row.pk in kept]
        claim.sending = list({item.row.pk: item.row for item, _ in mine}.values())
        if mine:
            yield mine


def _made(part: Sequence[tuple[Item, str]], payloads: Sequence[dict[str, Any]], provider: Provider) -> Sequence[Answer]:
    try:
        return provider.create(SHOWN_BY, payloads)
    except RequestRefused as error:
        if len({item.row.pk for item, _ in part}) > 1:
            raise
        return [Refused(error.code, error.message)] * len(part)


def _note(item: Item, answer: Answer) -> None:
    match answer:
        case Later(code, message):
            item.rest = tried_again(item.row, code, message, {})
        case Refused():
            item.rest = rejected(answer, {})


def _keep(items: Sequence[Item], known: Mapping[int, dict[str, str]]) -> None:
    """The link is stored with its base when the batch is settled; what it says beyond the mapped fields stays."""
    for item in items:
        if isinstance(item.link, RecordLink):
            item.link.base = {**item.link.base, PLACES: known[item.row.pk]}
