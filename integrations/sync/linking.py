"""Links between a record here and one there: made, moved, dropped, and stored in bulk."""

import logging
from collections.abc import Sequence
from typing import Any

from django.utils import timezone

from common.bulk import any_of, upsert, write_columns
from common.logs import about
from integrations.models import RecordLink
from integrations.sync.plan import Plan
from integrations.sync.provider import RemoteRecord, Values
from integrations.sync.scope import Scope

State = tuple[Any, ...]

logger = logging.getLogger(__name__)

COLUMNS = ["record_id", "remote_object", "remote_id", "also_lead_id", "former_ids", "base", "base_ours", "note"]
COLUMNS += [
    "to_check",
    "dropped_at",
    "drop_reason",
    "deleted_id",
    "gone_at",
    "merged_into",
    "pushed_at",
    "pulled_at",
    "remote_changed_at",
    "credential",
    "external_id",
    "updated_at",
]
PLEASE_CHECK = "please check."  # how the note of a link ends that was a guess
# What a push can change of a link that is there.
AGREED = ["also_lead_id", "base", "base_ours", "note", "pushed_at", "remote_changed_at", "credential", "external_id"]
AGREED += ["to_check", "gone_at", "merged_into", "updated_at"]
BASE = ["base", "base_ours", "updated_at"]
SEEN = ["pulled_at", "remote_changed_at"]  # what a pull writes that finds a record as agreed
STATE = ["record_id", "remote_id", "base", "base_ours", "dropped_at", "gone_at"]
# What others may have written to a link that a pull goes on with.
WRITTEN = ["base", "base_ours", "former_ids", "note", "to_check", "pushed_at", "credential_id", "external_id"]
WRITTEN += ["updated_at"]
NOTED = ["also_lead_id", "former_ids", "note", "updated_at"]  # what a pull learns of a record beside the link's own


def is_guess(note: str) -> bool:
    """Whether a link was chosen among several, or by a name alone, so that a person should look at it."""
    return note.endswith(PLEASE_CHECK)


def agree(link: RecordLink, scope: Scope, plan: Plan) -> None:
    """Write a plan's base to its link. What a field agreed on that is not seen now (unmapped, hidden) is kept."""
    unseen = {name: value for name, value in link.base.items() if name not in scope.rules}
    unseen_ours = {name: value for name, value in link.base_ours.items() if name not in scope.rules}
    link.base, link.base_ours = {**unseen, **scope.kept(plan.theirs)}, {**unseen_ours, **scope.kept(plan.ours)}


def store_links(links: Sequence[RecordLink], columns: Sequence[str] = COLUMNS) -> None:
    """Insert new links and update ``columns`` of known ones, a statement each. A dropped link is taken up by its id.

    A link whose record was deleted or restored here since it was read stays the tombstone, or the link, that it became.
    """
    known = [link for link in links if link.pk]
    overtaken = _overtaken(known) if known else set()
    for link in links:
        link.updated_at = timezone.now()
    write_columns([link for link in known if link.pk not in overtaken], columns)
    upsert([link for link in links if not link.pk], ["connection", "remote_id"], [*COLUMNS, "record_kind"])
    if links and logger.isEnabledFor(logging.DEBUG):
        _log(links)


def state(link: RecordLink) -> State:
    """What a comparison of the two sides went by."""
    return tuple(getattr(link, name) for name in STATE)


def refresh(links: Sequence[RecordLink]) -> list[RecordLink]:
    """Lock known links and take over what was written to them since they were read; returns those that ended."""
    read = {link.pk: link for link in links}
    present = RecordLink.objects.filter(pk__in=any_of(read, "bigint")).select_for_update().order_by("pk")
    written_at = dict(present.values_list("pk", "updated_at"))
    changed = RecordLink.objects.in_bulk([pk for pk, at in written_at.items() if at != read[pk].updated_at])
    for pk, stored in changed.items():
        if stored.remote_id == read[pk].remote_id:
            for name in WRITTEN:
                setattr(read[pk], name, getattr(stored, name))
    ended = {pk for pk, stored in changed.items() if not is_still_linked(stored, read[pk])}
    return [link for link in links if link.pk in ended or link.pk not in written_at]


def is_still_linked(stored: RecordLink, read: RecordLink) -> bool:
    return stored.record_id == read.record_id and (stored.dropped_at is None or read.dropped_at is not None)


def _log(links: Sequence[RecordLink]) -> None:
    present = RecordLink.objects.filter(connection=links[0].connection_id)
    ids = dict(present.filter(remote_id__in=[link.remote_id for link in links]).values_list("remote_id", "pk"))
    for link in links:
        partner = f"{link.remote_object} {link.remote_id}"
        with about(link_id=ids.get(link.remote_id, 0)):
            logger.debug("%s %s goes with %s", link.record_kind, link.record_id, partner)


def _overtaken(links: Sequence[RecordLink]) -> set[int]:
    """Lock known links; returns those that became tombstones, or those of restored records, since they were read."""
    read = {link.pk: link for link in links}
    present = RecordLink.objects.filter(pk__in=any_of(read, "bigint")).select_for_update().order_by("pk")
    return {
        pk
        for pk, record_id, dropped_at, updated_at in present.values_list("pk", "record_id", "dropped_at", "updated_at")
        if (read[pk].record_id and record_id is None)
        or (read[pk].record_id is None and record_id and (not dropped_at or updated_at != read[pk].updated_at))
    }


def moved(link: RecordLink, remote_object: str, remote_id: str) -> RecordLink:
    """The link pointed at the record that Salesforce goes on with.

    The base stays, so that an edit of ours that waits is still one; after a conversion ``reword`` translates it.
    """
    if link.remote_id != remote_id:  # a transaction that is tried again finds it moved
        link.former_ids = [*link.former_ids, link.remote_id]
    if link.remote_object != remote_object:
        link.also_lead_id = link.remote_id
    link.remote_object, link.remote_id, link.remote_changed_at = remote_object, remote_id, None
    link.merged_into = ""  # said of the record that it was
    return link


def joined_by_contact(link: RecordLink, contact: RemoteRecord) -> RecordLink:
    """The contact that came beside a lead is the link from now on; the lead lives on beside it."""
    link.also_lead_id = link.remote_id
    link.remote_object, link.remote_id = contact.remote_object, contact.id
    link.base, link.base_ours, link.remote_changed_at = {}, {}, None
    return link


def lead_beside(link: RecordLink) -> str:
    """The lead that a person is linked to again should the contact go; "" where there is none, or it was converted."""
    return "" if link.also_lead_id in link.former_ids else link.also_lead_id


def left_by_contact(link: RecordLink, lead: str) -> RecordLink:
    """The contact is gone and its lead is not: they have yet to be compared."""
    link.remote_object, link.remote_id, link.also_lead_id = lead, link.also_lead_id, ""
    link.base, link.base_ours, link.remote_changed_at = {}, {}, None
    return link


def reword(link: RecordLink, before: Scope, after: Scope, local: Values) -> None:
    """Put what was agreed of one object into the words of another that the record has become.

    Of a field that only the other one has, nothing was agreed: empty counts as agreed, so that whoever has a value
    tells it. A reference is theirs to say. ``local``: our record in the words of ``after``.
    """
    names = {name: after.by_field[field] for field, name in before.by_field.items() if field in after.by_field}
    names.pop(before.by_field.get("stage", ""), None)  # each object has stages of its own
    theirs = {names[name]: value for name, value in link.base.items() if name in names}
    ours = {names[name]: value for name, value in link.base_ours.items() if name in names}
    for pair in after.pairs:
        if pair.name not in theirs:
            theirs[pair.name] = local.get(pair.name) if pair.field.reference else None
    link.base, link.base_ours = theirs, ours


def dropped(link: RecordLink, reason: str) -> RecordLink:
    link.dropped_at, link.drop_reason = timezone.now(), reason
    return link
