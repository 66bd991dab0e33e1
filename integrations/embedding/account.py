"""The account that a page of the org is about. Its id in the address proves nothing about who looks."""

from dataclasses import dataclass

from django.core.cache import cache

from accounts.models import Account
from integrations import budget
from integrations.logins import the_connection
from integrations.models import ApiUsage, Connection, RecordLink
from integrations.providers import client_for
from integrations.salesforce import org as orgs
from integrations.salesforce.ids import object_of, to_18
from integrations.sync.credentials import Logins
from integrations.sync.provider import CallFailed, ConnectionBroken, RequestRefused
from users.models import User

SHORT = 15
ASKED_AGAIN = 300  # seconds that the org's answer is believed


@dataclass(frozen=True)
class Lack:
    """Why there is nothing to show. ``can_pull``: it may be in Salesforce, and come now."""

    title: str
    reason: str
    can_pull: bool = False


class NoAccount(Exception):
    def __init__(self, lack: Lack) -> None:
        super().__init__(lack.title)
        self.lack = lack


NO_ID = Lack(
    "This is not an account",
    "The address must end with the id of an account, as in crm_object_id={!Account.Id}. "
    "Ask your Salesforce admin to look at the Visualforce page.",
)
UNKNOWN = Lack(
    "Tandem does not have this account yet",
    "It is new in Salesforce, or was left out. What is new comes with the next pull, or now.",
    can_pull=True,
)
OF_OTHERS = Lack(
    "Tandem shows you no such account",
    "It has not been pulled yet, or it belongs to somebody else, or to nobody: accounts that come from Salesforce are "
    "shown to their owners and to admins. Ask an admin of your team.",
)
FORBIDDEN = Lack(
    "Salesforce does not let you read this account",
    "Ask whoever owns it in Salesforce, or your Salesforce admin, to share it with you. It may take five minutes until "
    "that counts here.",
)
NOT_ASKED = Lack(
    "Salesforce could not be asked",
    "Whether you may read this account is Salesforce's to say, and it did not answer. Try again in a minute.",
)
HIDDEN = Lack(
    "This account is hidden in Tandem",
    "An admin chose that accounts from Salesforce only keep others from being entered twice, and are not worked with.",
)


def remote_id_of(text: str) -> str:
    """The long form of an account's id, of 15 or 18 characters. Raises NoAccount."""
    text = text.strip()
    if object_of(text) != "Account" or to_18(text[:SHORT]).upper() != to_18(text).upper():
        raise NoAccount(NO_ID)
    return to_18(text)


def account_for(user: User, text: str) -> Account:
    """The account of this id, as far as somebody may look at it. Raises NoAccount."""
    remote_id, connection = remote_id_of(text), the_connection()
    if user.is_panel_only:
        _ask_org(connection, user, remote_id)
    found = Account.objects.select_related("owner").filter(pk=_local_id(connection, remote_id) or 0)
    account = (found if user.is_panel_only else found.visible_to(user)).first()
    if account is None:
        raise NoAccount(UNKNOWN if user.is_panel_only or user.sees_everything else OF_OTHERS)
    if account.is_hidden:
        raise NoAccount(HIDDEN)
    return account


def _local_id(connection: Connection, remote_id: str) -> int | None:
    """By its present id, else by one that a merge took away."""
    links = RecordLink.objects.live().filter(connection=connection, record_kind="account")
    by_id = links.filter(remote_id=remote_id).first()
    link = by_id or links.filter(former_ids__contains=[remote_id]).first()
    return link.record_id if link else None


def _ask_org(connection: Connection, user: User, remote_id: str) -> None:
    """Whether somebody who is known by their login there may read it. Raises NoAccount."""
    member = connection.panel_members.filter(user=user).first()
    if member is None:
        raise NoAccount(FORBIDDEN)
    key = f"panel:{connection.org_id}:{member.remote_user_id}:{remote_id}"
    may_read = cache.get(key)
    if may_read is None:
        may_read = _may_read(connection, member.remote_user_id, remote_id)
        cache.set(key, may_read, ASKED_AGAIN)
    if not may_read:
        raise NoAccount(FORBIDDEN)


def _may_read(connection: Connection, remote_user_id: str, remote_id: str) -> bool:
    """By the team's login: what sharing says of somebody else, and whether they are still active."""
    credential = Logins(connection).for_team().credential
    if credential is None or credential.broken_reason:
        raise NoAccount(NOT_ASKED)
    client = client_for(credential)
    try:
        return orgs.may_read(client, remote_user_id, remote_id)
    except (CallFailed, ConnectionBroken, RequestRefused):
        raise NoAccount(NOT_ASKED) from None
    finally:
        budget.note(credential, client.session, ApiUsage.Purpose.OTHER)
