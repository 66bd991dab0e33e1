"""Who somebody is that signed in with the org's own login."""

from typing import Any

from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from integrations.identities import user_of
from integrations.models import Connection, PanelMember
from integrations.salesforce.oauth import LoginRefused
from users.models import User

HAS_SIGN_IN = (
    "{email} has a sign-in of Tandem: use it here, with its password. Once you have connected your Salesforce login "
    "under Settings > My Salesforce login, this way works for you, too."
)
NOT_OPEN = (
    "You have no sign-in of Tandem, and the panel is not open to Salesforce users without one. Ask an admin of your "
    "team to invite you, or to open the panel under Settings > Salesforce > Inside Salesforce."
)
DEACTIVATED = "An admin of your team deactivated you in Tandem. Ask them to let you in again."
NO_EMAIL = "Salesforce did not tell your e-mail address. Ask your Salesforce admin to look at your user."


def user_for(connection: Connection, identity: dict[str, Any]) -> User:
    """The user here of an org's user: who connected this login, or a panel-only one, made if admins allow that.

    Raises LoginRefused.
    """
    remote_id = identity["user_id"]
    if user := user_of(connection.credentials.all(), remote_id):
        found = user
    elif not connection.lets_panel_users_in:
        raise LoginRefused(NOT_OPEN)
    else:
        found = _member(connection, remote_id, identity)
    if not found.is_active:
        raise LoginRefused(DEACTIVATED)
    return found


def _member(connection: Connection, remote_id: str, identity: dict[str, Any]) -> User:
    members = connection.panel_members.select_related("user")
    if member := members.filter(remote_user_id=remote_id).first():
        return _named(member.user, identity)
    email = str(identity.get("email") or "").strip().lower()
    known = User.objects.filter(email=email).first()
    if known and (not known.is_panel_only or PanelMember.objects.filter(user=known).exists()):
        raise LoginRefused(HAS_SIGN_IN.format(email=email))
    try:
        with transaction.atomic():
            user = known or _made(email, identity)
            PanelMember.objects.create(connection=connection, remote_user_id=remote_id, user=user)
    except ValidationError:
        raise LoginRefused(NO_EMAIL) from None
    except IntegrityError:  # two windows at once: the other one was first
        return members.get(remote_user_id=remote_id).user
    return user


def _made(email: str, identity: dict[str, Any]) -> User:
    user = User(email=email, name=str(identity.get("name") or "")[:150], role=User.Role.PANEL)
    user.set_unusable_password()
    user.full_clean()
    user.save()
    return user


def _named(user: User, identity: dict[str, Any]) -> User:
    name = str(identity.get("name") or "")[:150]
    if user.is_panel_only and name and user.name != name:
        user.name = name
        user.save(update_fields=["name"])
    return user
