"""Logins, what they may do, clocks, and mappings: from what was last read of the org."""

from collections.abc import Iterator
from datetime import timedelta

from django.db import connection as database
from django.db.models import Model, TextField
from django.db.models.functions import Cast
from django.utils import timezone

from common.vault import SecretField, is_readable
from integrations.doctor.findings import Finding, Weight
from integrations.mappings import Choice, Fault, faults
from integrations.models import Connection, Credential
from integrations.permissions import rights_of
from integrations.sync.own import CLOCK_MARGIN
from integrations.sync.provider import Description
from integrations.sync.records import KINDS, RECORD_TYPES

NOTED_SKEW = timedelta(minutes=1)
OWN_SKEW = timedelta(seconds=5)
OLD = timedelta(days=3)  # they are read once a day


def look(connection: Connection) -> Iterator[Finding]:
    yield from _secrets()
    yield from _our_clock()
    if not connection.is_connected:
        return
    yield from _logins(connection)
    yield from _their_clock(connection)
    yield from _permissions(connection)
    yield from _descriptions(connection)
    yield from _mappings(connection)


def _secrets() -> Iterator[Finding]:
    lost = sum(_lost(model) for model in (Connection, Credential))
    if lost:
        yield Finding(
            "secrets_unreadable",
            f"{lost} secrets can be read with none of the keys.",
            "Their logins can't speak to Salesforce.",
            "Put the old key behind the new one in TOKEN_KEYS and restart; without it, connect the logins again.",
            count=lost,
        )


def _lost(model: type[Model]) -> int:
    names = [one.name for one in model._meta.get_fields() if isinstance(one, SecretField)]
    rows = model._base_manager.values_list(*[Cast(name, TextField()) for name in names])
    return sum(bool(text) and not is_readable(text) for row in rows for text in row)


def _our_clock() -> Iterator[Finding]:
    with database.cursor() as cursor:
        before = timezone.now()
        cursor.execute("SELECT clock_timestamp()")
        skew = abs(cursor.fetchone()[0] - before)
    if skew > OWN_SKEW:
        yield Finding(
            "clock_of_database",
            f"The clocks of this machine and of the database are {skew.total_seconds():.0f} seconds apart.",
            "Claims of workers that live may count as lapsed, or those of dead ones be waited for.",
            "Let both machines keep time by NTP.",
        )


def _their_clock(connection: Connection) -> Iterator[Finding]:
    skew = connection.clock_offset
    if abs(skew) > NOTED_SKEW:
        is_much = abs(skew) > CLOCK_MARGIN
        yield Finding(
            "clock_of_org",
            f"This machine's clock is {abs(skew).total_seconds():.0f} seconds "
            f"{'behind' if skew > timedelta() else 'ahead of'} Salesforce's.",
            "Pulls allow for it. Which of two changes of a field is the later one is judged wrongly within this time."
            + (" After a lost answer a push may not find what it had created." if is_much else ""),
            "Let this machine keep time by NTP.",
            weight=Weight.PROBLEM if is_much else Weight.NOTICE,
        )


def _logins(connection: Connection) -> Iterator[Finding]:
    if connection.team_credential is None:
        yield Finding(
            "no_team_login",
            "The team has no login to Salesforce that works.",
            "Nothing is pulled, and what has no login of its own waits.",
            "Connect one in Settings > Salesforce > Logins.",
        )
    for login in connection.credentials.exclude(broken_reason="").order_by("pk"):
        waiting = connection.outbox.filter(credential=login).count()
        yield Finding(
            "login_broken",
            f"The login of {login} must be connected again: {login.broken_reason}",
            f"{waiting} changes wait for it." if waiting else "Nothing waits for it now.",
            "Its person connects it under Settings > My Salesforce login; the team's an admin under Logins.",
            count=max(1, waiting),
            since=login.updated_at,
            weight=Weight.PROBLEM if waiting or login.pk == connection.team_credential_id else Weight.NOTICE,
        )


def _permissions(connection: Connection) -> Iterator[Finding]:
    for login in connection.credentials.usable().select_related("connection").order_by("pk"):
        rights = rights_of(login)
        lacks = [line for one in rights.objects for line in (*one.lacks, *(row.lacks for row in one.lacking_fields))]
        if lacks:
            yield Finding(
                "permissions",
                f"{'The team’s login' if rights.is_teams else 'The login of'} {login} lacks {len(lacks)} permissions.",
                "Those fields and objects are not synced with it, or refused.",
                "Ask the Salesforce admin for these; Settings > Salesforce > Logins has them as a text to send.",
                count=len(lacks),
                weight=Weight.PROBLEM if rights.is_teams else Weight.NOTICE,
                details=lacks,
            )


def _descriptions(connection: Connection) -> Iterator[Finding]:
    old = connection.descriptions.filter(fetched_at__lt=timezone.now() - OLD).order_by("fetched_at")
    if old:
        yield Finding(
            "metadata_old",
            f"What Tandem knows of {', '.join(row.remote_object for row in old)} was read days ago.",
            "New fields and picklist values are not known; records may be refused.",
            "See that the background worker runs and API calls are left; or press “Pull now” beside Metadata.",
            count=len(old),
            since=old[0].fetched_at,
        )


def _mappings(connection: Connection) -> Iterator[Finding]:
    for row in connection.descriptions.filter(remote_object__in=KINDS).order_by("remote_object"):
        description = Description.from_json(row.content)
        if not description.is_visible:
            continue  # told by the permissions
        fields = RECORD_TYPES[KINDS[row.remote_object]].fields
        rows = connection.field_mappings.filter(remote_object=row.remote_object)
        found = faults([Choice.of(one) for one in rows if one.field in fields], fields, description)
        for is_warning in (False, True):
            yield from _told(description, [one for one in found if one.is_warning == is_warning and not one.is_minor])


def _told(description: Description, found: list[Fault]) -> Iterator[Finding]:
    if found:
        is_warning = found[0].is_warning
        yield Finding(
            "mapping_warnings" if is_warning else "mapping_faults",
            f"The mapping of {description.label} has {len(found)} {'weak points' if is_warning else 'faults'}.",
            "Some records may be refused." if is_warning else "These fields are not synced, or their records refused.",
            "Mend them in Settings > Salesforce, on the page of the object's fields.",
            count=len(found),
            weight=Weight.NOTICE if is_warning else Weight.PROBLEM,
            details=[fault.message for fault in found],
        )
