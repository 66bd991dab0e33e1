"""Adding people to the org's campaigns: which there are, who may, and putting it down for the workers."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from django.db import transaction
from django.db.models import Count
from django.utils import timezone

from common.actions import Rest
from common.bulk import any_of
from common.models import Job, RecordKind
from integrations import budget, campaign_rights, services
from integrations.models import ApiUsage, Campaign, CampaignMember, Connection, Credential, Lane, Outbox
from integrations.providers import client_for
from integrations.salesforce import campaigns as remote
from integrations.salesforce.client import Client
from integrations.salesforce.ids import to_18
from integrations.sync import members
from integrations.sync.credentials import Logins
from integrations.sync.provider import ConnectionBroken, ProviderError, RequestRefused
from integrations.sync.records import model_of
from integrations.sync.state import sync_states
from users.models import User

State = CampaignMember.State
Answer = TypeVar("Answer")
BY_HAND = 200  # more than these a person does not wait for, and nobody should wait behind
# How many became what, in the words of a job.
WORDS = {
    State.ADDED: "added",
    State.PRESENT: "in it already",
    State.REFUSED: "refused",
    State.GONE: "not there any more",
}


class NoAnswer(Exception):
    """Campaigns can't be read now; the text says why, and what to do."""


class NoCampaign(NoAnswer):
    """The org has no such campaign, or none that this login sees."""


def login_of(connection: Connection, user: User) -> Credential | None:
    """Whose login adds people when this user asks for it: their own, else the team's."""
    return Logins(connection).choose(Outbox.Operation.CREATE, "", user.pk, is_log=True).credential


def refusal(user: User, connection: Connection | None = None) -> str:
    """Why this user can't add people to campaigns now; "" when they can. From what is stored: no call is made.

    ``connection``: if it is read already.
    """
    connection = connection or Connection.objects.first()
    if reason := services.connection_refusal(connection):
        return reason
    assert connection is not None
    login = login_of(connection, user)
    if login is None:
        return "There is no login to Salesforce to add people with: an admin can connect one."
    if login.broken_reason:
        return f"The login of {login} to Salesforce must be connected again."
    lacks = campaign_rights.lacks(login)
    return f"{lacks} Ask the admin of your Salesforce org for it." if lacks else ""


def search(user: User, words: str, *, with_inactive: bool) -> tuple[list[remote.FoundCampaign], bool]:
    """Campaigns as the org has them now, and whether there are more than these. Raises NoAnswer."""
    return _asked(user, lambda client: remote.search(client, words, with_inactive=with_inactive))


def choose(user: User, campaign_id: str) -> Campaign:
    """Read what the members of a campaign may be, and keep it for whoever is added. Raises NoAnswer."""
    remote_id = to_18(campaign_id)
    name, statuses = _asked(user, lambda client: remote.one(client, remote_id))
    connection = Connection.objects.get()
    values = {
        "name": name[:255],
        "statuses": [{"label": one.label, "is_default": one.is_default} for one in statuses],
        "read_at": timezone.now(),
    }
    campaign, _ = Campaign.objects.update_or_create(connection=connection, remote_id=remote_id, defaults=values)
    return campaign


def _asked(user: User, ask: Callable[[Client], Answer]) -> Answer:
    if reason := refusal(user):
        raise NoAnswer(reason)
    login = login_of(Connection.objects.get(), user)
    assert login is not None
    client = client_for(login)
    try:
        return ask(client)
    except remote.NotThere as error:
        raise NoCampaign(error.message) from error
    except RequestRefused as error:
        raise NoAnswer(f"Salesforce does not show campaigns to {login}: {error.message}") from error
    except ConnectionBroken as error:
        raise NoAnswer(f"The login of {login} was refused: {error.reason}") from error
    except ProviderError as error:
        raise NoAnswer(f"{error.reason} Try again in a moment.") from error
    finally:
        budget.note(login, client.session, ApiUsage.Purpose.PEOPLE)


@transaction.atomic
def add(campaign: Campaign, status: str, ids: Sequence[int], *, user: User, job: Job) -> None:
    """Put down that contacts are to be added; who is not in Salesforce is pushed first."""
    lane = Lane.PEOPLE if (job.total or 0) <= BY_HAND else Lane.BACKGROUND
    new = members.put_down(campaign, status, ids, job=job, actor_id=user.pk, lane=lane)
    contacts = model_of(RecordKind.CONTACT)._default_manager.filter(pk__in=any_of(new, "bigint"), crm_id="")
    lacking = list(contacts.select_for_update(of=("self",)).order_by("pk"))
    if lacking and not services.push_refusal(RecordKind.CONTACT):
        services.queue_push(lacking, user=user, lane=lane, is_manual=True)
    services.wake_members(lane)


def rest(job: Job) -> Rest:
    """How far the workers are with a job's people."""
    rows = CampaignMember.objects.filter(job=job).order_by()
    counts = dict(rows.values_list("state").annotate(count=Count("pk")))
    return Rest(counts.get(State.WAITING, 0), Counter({word: counts.get(state, 0) for state, word in WORDS.items()}))


def is_of_campaign(job: Job) -> bool:
    return CampaignMember.objects.filter(job=job.pk).exists()


@dataclass(frozen=True)
class InCampaigns:
    """Campaigns that a contact is in as far as Tandem knows, the latest first; ``more``: not named."""

    rows: Sequence[CampaignMember]
    more: int


def of_record(pk: int, most: int = 3) -> InCampaigns:
    rows = CampaignMember.objects.of([pk]).there().order_by("campaign_id", "-pk").distinct("campaign_id")
    latest = CampaignMember.objects.filter(pk__in=rows.values("pk")).select_related("campaign").order_by("-pk")
    found = list(latest[: most + 1])
    more = latest.count() - most if len(found) > most else 0
    return InCampaigns(found[:most], more)


def hold(job: Job) -> str:
    """Why nobody of a job is added at the moment, though some wait; "" when they are."""
    connection = Connection.objects.first()
    if connection is None or not connection.is_connected:
        return "Salesforce is not connected: they wait until it is."
    login = login_of(connection, job.user)
    if login is None or login.broken_reason:
        return f"They wait until the login of {login or job.user} to Salesforce is connected again."
    if connection.is_paused:
        return f"Salesforce can't be spoken to just now; it is tried again by itself. {connection.pause_reason}"
    return ""


def why_waiting(rows: Sequence[CampaignMember], contacts: Mapping[int, Any]) -> dict[int, str]:
    """What each row of these waits for, by its id."""
    absent = [contact for pk, contact in contacts.items() if not contact.crm_id]
    states = sync_states(absent)
    return {
        row.pk: f"Is pushed to Salesforce first. {states[row.record_id].reason}"
        if row.record_id in states
        else row.message or "Is next in the queue."
        for row in rows
        if row.state == State.WAITING
    }
