"""Inviting people, changing their roles, letting them go. At least one admin stays."""

import logging
from collections.abc import Iterator

from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse

from common import audit, vault
from common.audit import Kind
from common.bulk import update_rows
from common.words import counted, listed
from users.models import User

logger = logging.getLogger(__name__)

SECONDS_A_DAY = 86_400
SEALED = ("secret", "seed")  # of second factors: the key of the app, and what recovery codes are made of


class NotSent(Exception):
    """Somebody is invited, but the mail that says so could not be sent."""

    def __init__(self, user: User) -> None:
        super().__init__(f"{user.email} is invited, but the mail could not be sent. Try to send it again later.")
        self.user = user


@transaction.atomic
def invite(*, email: str, name: str = "", role: str = User.Role.MEMBER, invited_by: User) -> User:
    """Make a user without a password and mail the link to choose one. Raises ValidationError, and NotSent."""
    user = User(email=email.strip().lower(), name=name, role=role)
    user.set_unusable_password()
    user.full_clean()
    user.save()
    audit.record(Kind.PEOPLE, f"Invited {user.email} as {user.get_role_display().lower()}")
    send_invitation(user, invited_by=invited_by)
    return user


def send_invitation(user: User, *, invited_by: User) -> None:
    """Raises ValidationError for somebody who needs none, and NotSent when the transaction is through."""
    if not user.is_invited:
        raise ValidationError(f"{user} has no invitation open.")
    context = {
        "user": user,
        "invited_by": invited_by,
        "site": settings.SITE_URL,
        "link": settings.SITE_URL + _password_path(user),
        "days": settings.PASSWORD_RESET_TIMEOUT // SECONDS_A_DAY,
    }
    body = render_to_string("users/invitation.txt", context)
    transaction.on_commit(lambda: _mail(user, f"{invited_by} invites you to Tandem", body))


def _mail(user: User, subject: str, body: str) -> None:
    try:
        send_mail(subject, body, None, [user.email])
    except OSError as error:  # those of smtplib are, too
        logger.exception("The invitation of %s could not be sent.", user.email)
        raise NotSent(user) from error


@transaction.atomic
def change_role(user: User, role: str) -> User:
    """Raises ValidationError when no admin would be left."""
    if role != User.Role.ADMIN:
        _keep_an_admin_besides(user)
    before = user.get_role_display().lower()
    user.role = role
    user.clean_fields(exclude={"password"})
    user.save(update_fields=["role"])
    audit.record(Kind.PEOPLE, f"{user.email}: from {before} to {user.get_role_display().lower()}")
    return user


@transaction.atomic
def deactivate(user: User, *, heir: User | None) -> User:
    """Nobody signs in as ``user`` any more; what they own goes to ``heir``. Raises ValidationError."""
    _keep_an_admin_besides(user)
    if heir is None and owns_anything(user):
        raise ValidationError(f"Choose who takes over what {user} owns.")
    if heir is not None and (heir == user or not heir.is_active):
        raise ValidationError("What they own can only go to another person who is active.")
    for owned in _owned_rows(user):
        update_rows(owned, owner=heir)
    user.is_active = False
    user.save(update_fields=["is_active"])
    audit.record(Kind.PEOPLE, f"Deactivated {user.email}" + (f"; {heir.email} takes over" if heir else ""))
    return user


@transaction.atomic
def reactivate(user: User) -> User:
    user.is_active = True
    user.save(update_fields=["is_active"])
    audit.record(Kind.PEOPLE, f"Reactivated {user.email}")
    return user


@transaction.atomic
def sign_out_everywhere(user: User) -> int:
    """End every session of somebody; returns how many there were."""
    sessions = list(UserSession.objects.filter(user=user))
    for session in sessions:
        session.end()
    audit.record(Kind.PEOPLE, f"Signed {user.email} out everywhere")
    return len(sessions)


@transaction.atomic
def take_second_factor(user: User) -> bool:
    """For somebody who lost phone and codes: the password alone signs in again. Answers whether there was one."""
    is_taken = bool(Authenticator.objects.filter(user=user).delete()[0])
    if is_taken:
        audit.record(Kind.PEOPLE, f"Took the second factor off {user.email}")
    return is_taken


def reseal_factors() -> tuple[int, int]:
    """Encrypt the secrets of second factors with the newest key; returns how many were written, and can't be read."""
    done = lost = 0
    for pk in Authenticator.objects.values_list("pk", flat=True).order_by("pk"):
        with transaction.atomic():
            factor = Authenticator.objects.select_for_update().filter(pk=pk).first()
            sealed = {name: factor.data[name] for name in SEALED if factor.data.get(name)} if factor else {}
            opened = {name: text for name, value in sealed.items() if (text := vault.unseal(value))}
            if factor and opened:
                factor.data |= {name: vault.seal(text) for name, text in opened.items()}
                factor.save(update_fields=["data"])
        done, lost = done + len(opened), lost + len(sealed) - len(opened)
    return done, lost


def owned_in_words(user: User) -> str:
    """What somebody owns, as "16 accounts and 1 deal"."""
    counts = [(owned.count(), owned.model) for owned in _owned_rows(user)]
    return listed([counted(count, model) for count, model in counts if count])


def owns_anything(user: User) -> bool:
    return any(owned.exists() for owned in _owned_rows(user))


def _owned_rows(user: User) -> Iterator[QuerySet]:
    """Rows of any app with a column ``owner`` that points to a user; history is not owned."""
    for model in apps.get_models():
        columns = {column.name: column for column in model._meta.fields}
        owner = columns.get("owner")
        if owner is not None and owner.related_model is User and "pgh_id" not in columns:
            yield model._base_manager.filter(owner=user)


def _keep_an_admin_besides(user: User) -> None:
    admins = User.objects.select_for_update().filter(role=User.Role.ADMIN, is_active=True).order_by("pk")
    if {user} == set(admins):
        raise ValidationError(f"{user} is the only admin. Make somebody else an admin first.")


def _password_path(user: User) -> str:
    key = default_token_generator.make_token(user)
    return reverse("account_reset_password_from_key", kwargs={"uidb36": user_pk_to_url_str(user), "key": key})
