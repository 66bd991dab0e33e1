"""Who is to be in which campaign: put down, claimed in batches, freed and forgotten.

It is a queue of its own beside that of the records: a person may be due for several campaigns at once, and being put
into one changes nothing of the record.
"""

import uuid
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import Any

from django.db import connection as database
from django.db import transaction
from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from common.bulk import any_of, copy_in
from common.models import Job, RecordKind
from integrations.models import (
    Campaign,
    CampaignMember,
    CampaignMemberQuerySet,
    Connection,
    Credential,
    ErrorEntry,
    Lane,
    Outbox,
)
from integrations.sync.credentials import Choice, Logins
from integrations.sync.outbox import BATCH, lease
from integrations.sync.records import model_of

State = CampaignMember.State


@dataclass
class MemberClaim:
    """People for one campaign by one login, all leads or all contacts, that this worker and no other handles.

    ``person``: what they are over there; "" for those who are not there, or not here any more. ``sending``: those that
    the call under way is about.
    """

    token: uuid.UUID
    campaign: Campaign
    login: Choice
    person: str
    rows: list[CampaignMember]
    lapses: float
    sending: list[CampaignMember] = field(default_factory=list)

    @property
    def credential(self) -> Credential:
        assert self.login.credential is not None, "only what has a usable login is claimed"
        return self.login.credential

    @property
    def actor_id(self) -> int | None:
        return self.rows[0].actor_id


def put_down(
    campaign: Campaign, status: str, ids: Sequence[int], *, job: Job | None, actor_id: int, lane: Lane
) -> list[int]:
    """Have contacts added to a campaign; returns the ids of those that this job had not put down before."""
    known = set(CampaignMember.objects.of(ids).filter(job=job).values_list("record_id", flat=True)) if job else set()
    new = [pk for pk in dict.fromkeys(ids) if pk not in known]
    copy_in(
        [
            CampaignMember(campaign=campaign, record_id=pk, status=status, job=job, actor_id=actor_id, lane=lane)
            for pk in new
        ]
    )
    return new


# Whose person is about to be pushed waits for that; what a broken login is to send waits for the login; what belongs
# to a job that was stopped waits until that goes on.
_CLAIMABLE = """
    m.state = 'waiting' AND m.next_attempt_at <= clock_timestamp()
    AND (m.claim_token IS NULL OR m.claimed_until < clock_timestamp())
    AND (c.crm_id <> '' OR NOT EXISTS (
            SELECT 1 FROM integrations_outbox o WHERE o.record_kind = 'contact' AND o.record_id = m.record_id))
    AND (m.actor_id IN (SELECT user_id FROM integrations_credential WHERE broken_reason = '')
         OR %(team_works)s AND NOT EXISTS (
            SELECT 1 FROM integrations_credential p WHERE p.user_id = m.actor_id))
    AND NOT EXISTS (SELECT 1 FROM common_job j WHERE j.id = m.job_id AND j.state = 'stopped')
"""
_PERSON = "CASE WHEN c.crm_id <> '' THEN c.crm_object ELSE '' END"


def _claim_sql() -> str:
    contacts = model_of(RecordKind.CONTACT)._meta.db_table
    joined = f"integrations_campaignmember m LEFT JOIN {contacts} c ON c.id = m.record_id"
    return f"""
        WITH head AS (
            SELECT m.campaign_id, m.actor_id, m.batch_limit, {_PERSON} AS person
            FROM {joined} WHERE m.lane = %(lane)s AND {_CLAIMABLE}
            ORDER BY m.next_attempt_at, m.id LIMIT 1 FOR UPDATE OF m SKIP LOCKED
        ), batch AS (
            SELECT m.id FROM {joined}, head
            WHERE m.lane = %(lane)s AND {_CLAIMABLE} AND m.campaign_id = head.campaign_id
              AND m.actor_id IS NOT DISTINCT FROM head.actor_id AND {_PERSON} = head.person
              AND m.batch_limit >= head.batch_limit
            ORDER BY m.next_attempt_at, m.id LIMIT (SELECT batch_limit FROM head) FOR UPDATE OF m SKIP LOCKED
        )
        UPDATE integrations_campaignmember
        SET claim_token = %(token)s, claimed_until = clock_timestamp() + %(lease)s::interval,
            attempts = attempts + (claim_token IS NULL)::integer -- that of a killed worker came to nothing
        WHERE id IN (SELECT id FROM batch) RETURNING (SELECT person FROM head)
    """  # noqa: S608 - names only; every value is a parameter


def claim(connection: Connection, lane: str) -> MemberClaim | None:
    """Take the next people of a lane; None when nobody can be added now."""
    logins = Logins(connection)
    team = logins.for_team().credential
    token, lapses = uuid.uuid4(), monotonic() + lease().total_seconds()
    values: dict[str, Any] = {"lane": lane, "token": token, "lease": f"{lease().total_seconds()} s"}
    with transaction.atomic(), database.cursor() as cursor:
        cursor.execute(_claim_sql(), {**values, "team_works": bool(team and not team.broken_reason)})
        found = cursor.fetchone()
    if found is None:
        return None
    rows = list(CampaignMember.objects.filter(claim_token=token).order_by("pk"))
    campaign = Campaign.objects.select_related("connection").get(pk=rows[0].campaign_id)
    login = logins.choose(Outbox.Operation.CREATE, "", rows[0].actor_id, is_log=True)
    return MemberClaim(token, campaign, login, found[0], rows, lapses)


@transaction.atomic
def note_sent(claim: MemberClaim, rows: Sequence[CampaignMember]) -> list[CampaignMember]:
    """Write down that people are sent, under a claim that lasts for the call; returns those that it still holds."""
    now = timezone.now()
    held = CampaignMember.objects.filter(claim_token=claim.token, claimed_until__gt=now).select_for_update()
    wanted = any_of((row.pk for row in rows), "bigint")
    kept = set(held.filter(pk__in=wanted).order_by("pk").values_list("pk", flat=True))
    CampaignMember.objects.filter(pk__in=any_of(kept, "bigint")).update(sent_at=now, claimed_until=now + lease())
    return [row for row in rows if row.pk in kept]


def release(claim: MemberClaim, reason: str, *, delay: float = 0) -> None:
    """Give a claim back: nothing was decided about its people."""
    CampaignMember.objects.filter(claim_token=claim.token).update(
        claim_token=None,
        claimed_until=None,
        attempts=F("attempts") - 1,
        next_attempt_at=timezone.now() + timedelta(seconds=delay),
        message=reason,
    )


def halve(claim: MemberClaim, reason: str, *, delay: float = 0) -> None:
    """Give back a claim whose call was answered with a fault: its people travel in half as large a batch from now on.

    Who failed alone is counted if the org has taken others since.
    """
    suspects = claim.sending or claim.rows
    release(claim, reason, delay=delay)
    rows = CampaignMember.objects.filter(pk__in=[row.pk for row in suspects])
    rows.update(batch_limit=max(1, min(len(suspects), BATCH) // 2))
    wrote_at = Connection.objects.values_list("wrote_at", flat=True).get(pk=claim.campaign.connection_id)
    if len(suspects) == 1 and wrote_at and wrote_at > suspects[0].next_attempt_at:
        rows.update(lone_failures=F("lone_failures") + 1)


def free_arrived(ids: Iterable[int] | None = None) -> int:
    """Whom Salesforce lacked when they were to be added goes on, now that it has them; of ``ids`` or all."""
    contacts = model_of(RecordKind.CONTACT)._default_manager.filter(pk=OuterRef("record_id")).exclude(crm_id="")
    rows = CampaignMember.objects.filter(state=State.REFUSED, code=CampaignMember.PERSON_NOT_SYNCED)
    rows = rows.of(ids) if ids is not None else rows
    return again(rows.filter(Exists(contacts)))


def again(rows: CampaignMemberQuerySet) -> int:
    """Have people tried once more who were refused; returns how many."""
    return rows.filter(state=State.REFUSED).update(
        state=State.WAITING, code="", attempts=0, lone_failures=0, next_attempt_at=timezone.now(), settled_at=None
    )


def lanes_due(ids: Iterable[int] | None = None) -> list[str]:
    """Lanes in which somebody is due, of ``ids`` or at all."""
    rows = CampaignMember.objects.waiting().filter(next_attempt_at__lte=timezone.now())
    rows = rows.of(ids) if ids is not None else rows
    return list(rows.order_by().values_list("lane", flat=True).distinct())


def follow_merge(gone: Sequence[int], kept: int) -> None:
    """What was asked for those who were merged is asked for who is left, and so is what became of it."""
    rows = CampaignMember.objects.of(gone)
    same = CampaignMember.objects.filter(record_id=kept, job=OuterRef("job"))
    first = rows.filter(~Exists(same)).order_by("job_id", "pk").distinct("job_id").values_list("pk", flat=True)
    CampaignMember.objects.filter(pk__in=list(first)).update(record_id=kept)


@transaction.atomic
def forget(ids: Iterable[int]) -> None:
    """Nothing is kept of people who are no more."""
    rows = CampaignMember.objects.of(ids)
    members = list(rows.values_list("pk", flat=True))
    ErrorEntry.objects.of(ErrorEntry.MEMBER, members).delete()
    rows.delete()
