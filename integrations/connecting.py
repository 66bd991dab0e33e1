"""Connecting the workspace to an org, and people to their own logins there."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django_q.tasks import async_task

from common.workspace import suggest_currency
from deals.models import Pipeline
from deals.pipelines import follow_crm
from integrations import budget
from integrations.logins import app_for
from integrations.mappings import unmapped_required
from integrations.models import (
    ActivitySettings,
    Alignment,
    ApiUsage,
    Campaign,
    Connection,
    Credential,
    Cursor,
    DeclinedPair,
    ErrorEntry,
    FieldMapping,
    InferenceMark,
    InferredStage,
    ObjectDescription,
    Outbox,
    PendingReference,
    PullCondition,
    RecordLink,
    RemoteRole,
    StageMapping,
    UserMapping,
)
from integrations.proposing import make_mappings, make_rule, make_settings
from integrations.providers import client_for
from integrations.salesforce import oauth
from integrations.salesforce import org as orgs
from integrations.salesforce.client import Client, Session
from integrations.services import follow_task_pull
from integrations.sync.provider import ConnectionBroken, Description, RemoteUser
from integrations.sync.records import KINDS, SYNCED
from integrations.tuning import follow_direction
from users.models import User

PIPELINE = "Salesforce"
DISCONNECTED = "Tandem was disconnected from Salesforce."
Identity = dict[str, Any]


LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)


class OtherOrg(oauth.LoginRefused):
    """The login leads to another org than the connected one."""

    def __init__(self, connected: str, org_id: str, org_name: str) -> None:
        super().__init__(
            f"This login belongs to the org “{org_name}”, but the workspace is connected to “{connected}”. "
            "One workspace keeps in step with one org."
        )
        self.org_id = org_id
        self.org_name = org_name


def connect(
    connection: Connection, user: User, tokens: oauth.TokenSet, *, grant: str = "", replacing: str = ""
) -> Credential:
    """Connect the workspace, or connect it again, with the login of ``user``.

    ``connection`` may carry the settings of another app that are not saved yet: they are kept with the login. All is
    read before anything is written, so a login that fails half-way changes nothing. ``replacing`` is the id of another
    org that an admin confirmed to go over to. Raises LoginRefused or ProviderError.
    """
    identity = oauth.identity(app_for(connection), tokens)
    org = orgs.read(_client_of(tokens), tokens.user_id)
    if connection.org_id and org.id not in (connection.org_id, replacing):
        raise OtherOrg(connection.org_name, org.id, org.name)
    with transaction.atomic():
        if connection.org_id and connection.org_id != org.id:
            forget_org(connection)
        _store_connection(connection, tokens)
        credential = store_login(connection, user, tokens, grant, identity, org.rights)
        _store_org(connection, org)
        choose_team_login(connection)
    return credential


def connect_personal(connection: Connection, user: User, tokens: oauth.TokenSet) -> Credential:
    """Connect a user's own login to the workspace's org. Raises LoginRefused or ProviderError."""
    client = _client_of(tokens)
    if tokens.org_id != connection.org_id:
        raise OtherOrg(connection.org_name, tokens.org_id, orgs.name_of(client))
    identity = oauth.identity(app_for(connection), tokens)
    rights = orgs.rights_of(client, tokens.user_id)
    with transaction.atomic():
        credential = store_login(connection, user, tokens, "", identity, rights)
        UserMapping.objects.filter(connection=connection, user=user, is_by_hand=False).update(user=None)
        UserMapping.objects.filter(connection=connection, remote_id=tokens.user_id, is_by_hand=False).update(user=user)
        connection.refresh_from_db()
        choose_team_login(connection)
        credential.descriptions.all().delete()  # of what it may nothing is known: the tick, too, has that looked at
        transaction.on_commit(lambda: async_task("integrations.tasks.check_login", credential.pk))
    return credential


def store_login(
    connection: Connection,
    user: User | None,
    tokens: oauth.TokenSet,
    grant: str,
    identity: Identity,
    rights: orgs.Rights,
) -> Credential:
    """Keep a login, in the caller's transaction. A user has one, and an SF user is one user's. Raises LoginRefused."""
    Connection.objects.select_for_update().get(pk=connection.pk)  # two who come with one login come one after the other
    holder = Credential.objects.filter(connection=connection, remote_user_id=tokens.user_id).first()
    if holder and holder.user and user and holder.user != user:
        raise oauth.LoginRefused(
            f"{holder.user} has connected the Salesforce login {holder} already. Two people cannot share one login."
        )
    if user:
        Credential.objects.filter(user=user).exclude(remote_user_id=tokens.user_id, connection=connection).update(
            user=None, broken_reason=f"{user} connected another login.", access_token="", refresh_token=""
        )
    return Credential.objects.update_or_create(
        connection=connection,
        remote_user_id=tokens.user_id,
        defaults={
            "user": user or (holder.user if holder else None),
            "grant": grant or Credential.Grant.AUTHORIZATION_CODE,
            "access_token": tokens.access_token,
            "refresh_token": tokens.refresh_token,
            "username": identity.get("preferred_username") or "",
            "name": identity.get("name") or "",
            "email": identity.get("email") or "",
            "power": power_of(rights),
            "object_rights": dict(rights.objects),
            "broken_reason": "",
            "refusals": 0,
        },
    )[0]


def power_of(rights: orgs.Rights) -> Credential.Power:
    if rights.modify_all:
        return Credential.Power.MODIFY_ALL
    if all(rights.objects.get(name) == "modify" for name in orgs.COUNTED):
        return Credential.Power.MODIFY_OBJECTS
    if rights.view_all:
        return Credential.Power.VIEW_ALL
    return Credential.Power.VIEW_OBJECTS if set(orgs.COUNTED) <= set(rights.objects) else Credential.Power.STANDARD


def keep_rights(credential: Credential, rights: orgs.Rights) -> None:
    """Store what the org says that a login may."""
    Credential.objects.filter(pk=credential.pk).update(power=power_of(rights), object_rights=dict(rights.objects))


def choose_team_login(connection: Connection, credential: Credential | None = None) -> None:
    """Make ``credential`` the team's, as an admin chooses. Without one it is the most powerful that works, unless what
    an admin chose works; of several the one that is the team's already.
    """
    present = connection.team_credential
    if credential is None:
        is_kept = present and not present.broken_reason
        strongest = connection.credentials.filter(broken_reason="").order_by("-power", "pk").first()
        is_stronger = bool(strongest and present and strongest.power > present.power)
        if is_kept and (connection.is_team_login_chosen or not is_stronger):
            return
        connection.is_team_login_chosen, connection.team_credential = False, strongest
    else:
        connection.is_team_login_chosen, connection.team_credential = True, credential
    connection.save(update_fields=["team_credential", "is_team_login_chosen"])
    if connection.team_credential and connection.team_credential != present:  # it may see other objects and fields
        if present:
            connection.descriptions.update(fetched_at=LONG_AGO)  # the tick reads what is old, where the job is lost
        transaction.on_commit(lambda: async_task("integrations.tasks.read_metadata"))


def choose_by_power(connection: Connection) -> None:
    """Leave the choice of the team's login to the highest permission again."""
    connection.is_team_login_chosen = False
    connection.save(update_fields=["is_team_login_chosen"])
    choose_team_login(connection)


def present_logins() -> QuerySet[Credential]:
    """Logins that work, or whose user or team waits for them to be connected again; those that were left are gone."""
    is_teams = Q(connection__team_credential=F("pk"))
    return Credential.objects.filter(Q(user__isnull=False) | Q(broken_reason="") | is_teams)


def prepare(connection: Connection, credential: Credential) -> None:
    """Read the org again: users, objects, fields, picklists, stages. What people have set stays."""
    client = client_for(credential)
    try:
        org = orgs.read(client, credential.remote_user_id)
    finally:
        budget.note(credential, client.session, ApiUsage.Purpose.METADATA)
    with transaction.atomic():
        _store_org(connection, org)
        keep_rights(credential, org.rights)


def refresh_descriptions(connection: Connection, credential: Credential) -> None:
    """Read only the objects, their fields and picklists again."""
    client = client_for(credential)
    try:
        found = orgs.descriptions_of(client, credential.remote_user_id)
    finally:
        budget.note(credential, client.session, ApiUsage.Purpose.METADATA)
    _store_descriptions(connection, found.values())


def disconnect(connection: Connection) -> bool:
    """Revoke every login and stop; records, links and settings stay. False: the org did not confirm a revocation."""
    app = app_for(connection)
    logins = list(connection.credentials.exclude(access_token="", refresh_token=""))
    revoked = [oauth.revoke(app, one.refresh_token or one.access_token) for one in logins]
    with transaction.atomic():
        connection.disconnected_at = timezone.now()
        connection.paused_until, connection.pause_reason, connection.failures = None, "", 0
        connection.save(update_fields=["disconnected_at", "paused_until", "pause_reason", "failures"])
        connection.credentials.update(access_token="", refresh_token="", broken_reason=DISCONNECTED)
        Pipeline.objects.filter(is_locked=True).update(is_locked=False)
    return all(revoked)


def disconnect_personal(credential: Credential) -> bool:
    """Take a user's login away; the team's does their work from now on."""
    is_revoked = oauth.revoke(app_for(credential.connection), credential.refresh_token or credential.access_token)
    connection = credential.connection
    with transaction.atomic():
        credential.access_token = credential.refresh_token = ""
        credential.broken_reason, credential.user = "Its user disconnected it.", None
        credential.save(update_fields=["access_token", "refresh_token", "broken_reason", "user"])
        connection.refresh_from_db()
        choose_team_login(connection)
    return is_revoked


def forget_org(connection: Connection) -> None:
    """Remove everything that says which record here is which there. The records themselves stay."""
    for model in (
        Alignment,
        Campaign,
        RecordLink,
        RemoteRole,
        Outbox,
        Cursor,
        PendingReference,
        FieldMapping,
        DeclinedPair,
        PullCondition,
        StageMapping,
    ):
        model._default_manager.filter(connection=connection).delete()
    for kept in (ObjectDescription, UserMapping):
        kept._default_manager.filter(connection=connection).delete()
    for inferred in (InferredStage, InferenceMark):
        inferred._default_manager.all().delete()
    ErrorEntry.objects.filter(connection=connection).open().update(
        closed_at=timezone.now(), closed_reason="The workspace went over to another org."
    )
    for type_ in SYNCED.values():
        linked = type_.model._default_manager.exclude(crm_id="")
        linked.update(crm_id="", **({"crm_object": ""} if hasattr(type_.model, "crm_object") else {}))
    connection.credentials.all().delete()
    emptied = ["team_credential", "started_at", "first_pull_finished_at", "setup_ends_at"]
    for name in emptied:
        setattr(connection, name, None)
    connection.passed_steps = []
    connection.save(update_fields=[*emptied, "passed_steps"])


def missing_requirements(connection: Connection) -> list[str]:
    """What must be mapped before syncing starts, in words."""
    settings_by_kind = {row.record_kind: row for row in connection.object_settings.all()}
    contacts = settings_by_kind.get("contact")
    created = {"Account", (contacts.create_as if contacts else "") or "Contact"}
    deals = settings_by_kind.get("deal")
    created |= {"Opportunity"} if deals and deals.creates else set()
    lacking = []
    for row in connection.descriptions.filter(remote_object__in=created).order_by("remote_object"):
        mappings = connection.field_mappings.filter(remote_object=row.remote_object).exclude(
            direction=FieldMapping.Direction.IN
        )
        own = settings_by_kind.get(KINDS[row.remote_object])
        given = {*mappings.values_list("remote_field", flat=True), own.source_field if own else ""}
        description = Description.from_json(row.content)
        lacking += [
            f"{row.remote_object}: Salesforce requires “{field.label}”, and nothing is mapped to it."
            for field in unmapped_required(description, given)
        ]
    return lacking


def start_syncing(connection: Connection) -> None:
    """End the setup window, early or because its time is up; the next tick begins the first pull."""
    Connection.objects.filter(pk=connection.pk, started_at=None).update(
        started_at=timezone.now(), is_held=False, updated_at=timezone.now()
    )
    connection.refresh_from_db()


def hold(connection: Connection, *, is_held: bool) -> None:
    """Keep syncing from starting by itself, or let it."""
    connection.is_held = is_held
    connection.save(update_fields=["is_held"])


def _client_of(tokens: oauth.TokenSet) -> Client:
    """A client for a login that is not kept yet."""

    def no_renewal() -> str:
        raise ConnectionBroken("Salesforce refused the login that it had just given.")

    session = Session(
        tokens.access_token, no_renewal, local_url=settings.SALESFORCE_LOCAL_ORG, timeout=settings.SYNC_TIMEOUT
    )
    return Client(tokens.instance_url, session)


def _store_connection(connection: Connection, tokens: oauth.TokenSet) -> None:
    now = timezone.now()
    if not connection.started_at and (not connection.setup_ends_at or connection.disconnected_at):
        connection.setup_ends_at = now + timedelta(hours=settings.SALESFORCE_SETUP_HOURS)
    connection.instance_url = tokens.instance_url
    connection.connected_at, connection.disconnected_at = now, None
    connection.paused_until, connection.pause_reason, connection.failures = None, "", 0
    app = ["login_url", "client_id", "client_secret"]
    dates = ["setup_ends_at", "connected_at", "disconnected_at"]
    connection.save(update_fields=[*app, *dates, "instance_url", "paused_until", "pause_reason", "failures"])


def _store_org(connection: Connection, org: orgs.Org) -> None:
    connection.org_id, connection.org_name = org.id, org.name
    connection.edition, connection.is_sandbox = org.edition, org.is_sandbox
    connection.waiting_counts, connection.currency = dict(org.waiting), org.currency or connection.currency
    connection.save(update_fields=["org_id", "org_name", "edition", "is_sandbox", "waiting_counts", "currency"])
    suggest_currency(connection.currency)
    _store_users(connection, org.users)
    _store_descriptions(connection, org.descriptions.values())
    make_settings(connection, org.descriptions)
    make_mappings(connection, org.descriptions)
    make_rule(connection)
    follow_crm(PIPELINE, org.deal_stages)
    for row in connection.object_settings.all():
        follow_direction(row)
    follow_task_pull(ActivitySettings.of(connection))


def _store_users(connection: Connection, users: Iterable[RemoteUser]) -> None:
    rows = [
        UserMapping(
            connection=connection, remote_id=user.id, name=user.name, email=user.email, is_active=user.is_active
        )
        for user in users
    ]
    UserMapping.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["connection", "remote_id"],
        update_fields=["name", "email", "is_active"],
    )
    match_users(connection)


def match_users(connection: Connection) -> None:
    """By login, then by e-mail; an active SF user before an inactive one, and nobody twice."""
    logins = dict(connection.credentials.exclude(user=None).values_list("remote_user_id", "user_id"))
    taken = set(connection.user_mappings.exclude(user=None).values_list("user_id", flat=True))
    emails = {user.email: user.pk for user in User.objects.filter(is_active=True)}
    open_mappings = connection.user_mappings.filter(user=None, is_by_hand=False)
    for mapping in sorted(open_mappings, key=lambda row: (row.remote_id not in logins, not row.is_active, row.pk)):
        # Sandboxes spoil the addresses of their users with this ending.
        email = mapping.email.lower().removesuffix(".invalid")
        user_id = logins.get(mapping.remote_id) or emails.get(email)
        if user_id and user_id not in taken:
            taken.add(user_id)
            UserMapping.objects.filter(pk=mapping.pk).update(user_id=user_id)


def _store_descriptions(connection: Connection, descriptions: Iterable[Description]) -> None:
    """Keep what the team's login sees. Of an object that it sees no more the fields stay, so that they stay mapped."""
    names = []
    for description in descriptions:
        names.append(description.name)
        ObjectDescription.objects.update_or_create(
            connection=connection,
            remote_object=description.name,
            defaults={"content": description.as_json(), "fetched_at": timezone.now()},
        )
    unseen = {"is_visible": False, "is_createable": False, "is_updateable": False}
    for row in connection.descriptions.exclude(remote_object__in=names):
        row.content = {**row.content, **unseen}
        row.save(update_fields=["content"])
