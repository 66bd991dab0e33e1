"""What verdicts look at: the settings with their rules, and who and what an activity is about."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from django.db.models import QuerySet

from activities.mail.team import Team
from activities.models import Activity, Participant
from common.models import Record, RecordKind
from common.records import kind_of
from integrations.activity_rules.addresses import plain_address
from integrations.activity_rules.exclusions import Email
from integrations.models import ActivitySettings, Connection, ExclusionRule

Role = Participant.Role
Coming = Collection[tuple[str, int]]  # records by kind and id


@dataclass(frozen=True)
class ActivityRules:
    """``deals_stay``: why deals are not pushed, "" if they are."""

    settings: ActivitySettings
    exclusions: Sequence[ExclusionRule] = ()
    team: Team = field(default_factory=Team)
    deals_stay: str = ""

    @classmethod
    def load(cls, connection: Connection) -> "ActivityRules":
        deals = connection.object_settings.filter(record_kind=RecordKind.DEAL).first()
        return cls(
            settings=ActivitySettings.of(connection),
            exclusions=list(connection.exclusion_rules.all()),
            team=Team.load(),
            deals_stay="" if deals and deals.pushes else "Deals are not pushed to Salesforce.",
        )

    def is_teammate(self, address: str) -> bool:
        plain = plain_address(address)
        return self.team.has(plain) or self.team.is_internal([plain])


def judged(activities: "QuerySet[Activity]") -> "QuerySet[Activity]":
    """Activities with all that ``verdict`` and ``title_of`` look at, so that these ask the database nothing."""
    return (
        activities.select_related("contact", "account", "deal", "owner", "message")
        .defer("message__html")
        .prefetch_related("participants__contact", "participants__user")
    )


def email_of(activity: Activity) -> Email:
    """Its addresses; of one that was written down by hand, those of its owner and its contact."""
    said = activity.participants.all()
    sender = next((one.address for one in said if one.role == Role.FROM), "")
    recipients = tuple(one.address for one in said if one.role == Role.TO)
    ours = activity.owner.email if activity.owner else ""
    theirs = activity.contact.email if activity.contact else ""
    if activity.direction != Activity.Direction.IN:
        ours, theirs = theirs, ours
    return Email(sender or theirs, recipients or (ours,), activity.subject)


def addresses_of(activity: Activity) -> list[str]:
    """Of everybody who is named with one, copies as well."""
    return [plain for one in activity.participants.all() if (plain := plain_address(one.address))]


@dataclass(frozen=True)
class Around:
    """Who and what an activity is about, and what of it is in Salesforce or about to be.

    ``is_known``: one of its contacts; ``is_attachable``: its account or deal. ``has_outsiders``: anybody who is not of
    the team; ``is_among_team``: it names people, and all are.
    """

    is_known: bool
    is_attachable: bool
    is_deal_there: bool
    has_outsiders: bool
    is_among_team: bool

    @classmethod
    def of(cls, activity: Activity, rules: ActivityRules, coming: Coming) -> "Around":
        said = activity.participants.all()
        others = [one for one in said if one.user_id is None]
        contacts = [one for one in (activity.contact, *(other.contact for other in others)) if one]
        strangers = [one for one in others if one.contact_id is None and not rules.is_teammate(one.address)]
        return cls(
            is_known=_any_there(contacts, coming),
            is_attachable=_any_there([activity.account, activity.deal], coming),
            is_deal_there=_any_there([activity.deal], coming),
            has_outsiders=bool(contacts or strangers),
            is_among_team=bool(said) and not (contacts or strangers),
        )


def _any_there(records: Iterable[Record | None], coming: Coming) -> bool:
    return any(one is not None and (one.crm_id != "" or (kind_of(one), one.pk) in coming) for one in records)
