"""What a one-time pull or push would do, told beforehand by a few queries, whatever the number of records."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import ceil
from typing import Any

from django.db.models import Case, Count, Exists, F, Func, IntegerField, OuterRef, Q, QuerySet, Value, When
from django.db.models.fields import CharField
from django.db.models.functions import Lower

from common.domains import company_domain
from common.models import RecordKind
from integrations import everything
from integrations.everything import unlinked
from integrations.models import (
    ActivitySettings,
    Connection,
    ObjectDescription,
    ObjectSettings,
    Outbox,
    RecordLink,
    SyncedKind,
)
from integrations.providers import provider_for
from integrations.services import Refused
from integrations.sync.activities.objects import object_of
from integrations.sync.activities.passing import judge
from integrations.sync.conditions import OPERATORS, Operator, condition
from integrations.sync.credentials import Logins
from integrations.sync.departures import DELETED_THERE
from integrations.sync.eligibility import takes_no_new
from integrations.sync.outbox import BATCH, CREATE_AS, has_new_notes
from integrations.sync.plan import Direction
from integrations.sync.pull import EXPORT_FROM, PAGE, PART
from integrations.sync.records import Type
from integrations.sync.scope import Scope
from integrations.sync.state import State

BY_PERSON = "Kept out of the sync by a person"
BEFORE = "Refused before: see the error log"
BY_STAGE = "Their stage is not among those that are pushed"
WITHOUT_ACCOUNT = "They have no account, and contacts without one are kept out"
OF_OTHER_KINDS = "Open tasks, and what no switch that is on is for"
JUDGED = 4_000  # activities at most
CREATED = -1
Fate = tuple[str, Q]


@dataclass
class Forecast:
    """What the one-time push of a kind would do: ``skipped`` and ``refused`` count records by what is in the way.

    ``notes`` say what else happens to those that are created; ``calls``: about so many; ``by_object``: what activities
    that are created become.
    """

    kind: str
    to_create: int = 0
    to_update: int = 0
    unchanged: int = 0
    waiting: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    calls: int = 0
    is_estimate: bool = False
    by_object: dict[str, int] = field(default_factory=dict)

    @property
    def bound(self) -> int:
        """What the work is held against, so that it stops when it finds many more; an estimate is none (0)."""
        return 0 if self.is_estimate else self.to_create

    @property
    def unlinked(self) -> int:
        """Records that are not in Salesforce and do not wait to go there."""
        return self.to_create + sum(self.skipped.values()) + sum(self.refused.values())


def push(connection: Connection, kinds: Sequence[str]) -> list[Forecast]:
    """Counts without marking anything."""
    return [
        _push(row) if isinstance(row, ObjectSettings) else _push_activities(row)
        for row in everything.settings_of(connection, kinds)
    ]


def _begun(kind: str) -> Forecast:
    told = Forecast(kind)
    told.to_update = Outbox.objects.filter(record_kind=kind, operation=Outbox.Operation.UPDATE).count()
    told.unchanged = max(0, RecordLink.objects.live().filter(record_kind=kind).count() - told.to_update)
    return told


def _push_activities(settings: ActivitySettings) -> Forecast:
    """Judged one by one by the rules; of very many only some, evenly spread, by which all are estimated."""
    told = _begun(SyncedKind.ACTIVITY)
    rows = unlinked(SyncedKind.ACTIVITY)
    counts = dict(rows.values_list("sync_state").annotate(Count("pk")).order_by())
    eligible = everything.eligible(settings)
    present = eligible.count()
    share = max(1, ceil(present / JUDGED))
    chosen = eligible.alias(place=F("pk") % share).filter(place=0).order_by("pk") if share > 1 else eligible
    said: Counter[str] = Counter()
    become: Counter[str] = Counter()
    ids, has_notes = list(chosen.values_list("pk", flat=True)[: 2 * JUDGED]), has_new_notes(settings.connection)
    for start in range(0, len(ids), everything.CHUNK):
        found = judge(settings.connection, ids[start : start + everything.CHUNK])
        said.update("" if one.pushes else one.reason.removesuffix(".") for _, one in found)
        become.update(object_of(activity, has_notes=has_notes) for activity, one in found if one.pushes)
    scaled = {reason: round(count * present / len(ids)) for reason, count in said.most_common()}
    told.by_object = {name: round(count * present / len(ids)) for name, count in become.most_common()}
    told.to_create, told.waiting = scaled.pop("", 0), counts.get(State.WAITING, 0)
    off = counts.get(State.NOT_ELIGIBLE, 0) - present
    told.skipped = _positive({BY_PERSON: counts.get(State.SKIPPED, 0), BEFORE: counts.get(State.FAILED, 0)})
    told.skipped |= _positive({OF_OTHER_KINDS: off}) | scaled
    if share > 1:
        told.is_estimate = True
        told.notes = [f"Estimated: {len(ids):,} of {present:,} were looked at."]
    told.calls = 2 * (ceil(told.to_create / BATCH) + ceil(told.to_update / BATCH))
    return told


def _positive(counts: Mapping[str, int]) -> dict[str, int]:
    return {reason: count for reason, count in counts.items() if count > 0}


def _push(settings: ObjectSettings) -> Forecast:
    kind = RecordKind(settings.record_kind)
    told = _begun(kind)
    skipped, refused = list(_skips(settings)), list(_lacks(settings))
    fates = [*skipped, *refused]
    records = _with_domain(unlinked(kind)) if kind == RecordKind.CONTACT else unlinked(kind)
    fate = Case(
        When(sync_state=State.WAITING, then=Value(len(fates))),
        *(When(found, then=Value(number)) for number, (_, found) in enumerate(fates)),
        default=Value(CREATED),
        output_field=IntegerField(),
    )
    records = records.annotate(fate=fate)
    counts = dict(records.values_list("fate").annotate(Count("pk")).order_by())
    told.to_create, told.waiting = counts.get(CREATED, 0), counts.get(len(fates), 0)
    told.skipped = _by_reason(fates, counts, range(len(skipped)))
    told.refused = _by_reason(fates, counts, range(len(skipped), len(fates)))
    accounts = _tell_more(told, settings, records.filter(fate=CREATED)) if told.to_create else 0
    told.calls = 2 * (ceil(told.to_create / BATCH) + ceil(told.to_update / BATCH) + ceil(accounts / BATCH))
    return told


def _by_reason(fates: Sequence[Fate], counts: Mapping[int, int], numbers: Iterable[int]) -> dict[str, int]:
    found: Counter[str] = Counter()
    for number in numbers:
        found[fates[number][0]] += counts.get(number, 0)
    return dict(+found)


def _skips(settings: ObjectSettings) -> Iterator[Fate]:
    """What keeps records out, in the order in which the push finds it."""
    yield BY_PERSON, Q(sync_state=State.SKIPPED)
    yield BEFORE, Q(sync_state=State.FAILED)
    if reason := takes_no_new(settings):
        yield reason.removesuffix("."), Q(pk__isnull=False)
    if settings.push_by_stage:
        chosen = Q(stage__in=[stage for stage in settings.push_stages if stage is not None])
        yield BY_STAGE, ~(chosen | Q(stage=None) if None in settings.push_stages else chosen)
    is_of_people = settings.record_kind == RecordKind.CONTACT and settings.create_as != "Lead"
    if is_of_people and settings.without_account == ObjectSettings.WithoutAccount.HOLD:
        yield WITHOUT_ACCOUNT, _without_company()


def _lacks(settings: ObjectSettings) -> Iterator[Fate]:
    """What Salesforce requires and records do not have."""
    scope = _scope(settings)
    for pair in scope.pairs if scope else ():
        if not pair.remote.is_required or pair.rule.direction == Direction.IN or pair.name == settings.source_field:
            continue
        lacks = f"Salesforce requires “{pair.remote.label}”, which they lack"
        if pair.field.name == "company_name":
            if not settings.company_placeholder:
                yield lacks, Q(company_name="", account=None)
        elif pair.field.type == Type.STAGE and settings.record_kind == RecordKind.DEAL:
            yield "Salesforce does not know their stage", Q(stage__crm_value="")
        elif Operator.IS_EMPTY in OPERATORS.get(pair.field.type, ()):
            yield lacks, condition(pair.field, Operator.IS_EMPTY, ())


def _scope(settings: ObjectSettings) -> Scope | None:
    remote_object = settings.create_as or CREATE_AS.get(RecordKind(settings.record_kind), "Contact")
    is_described = ObjectDescription.objects.filter(connection=settings.connection, remote_object=remote_object)
    return Scope.load(settings.connection, remote_object) if is_described.exists() else None


def _with_domain(contacts: QuerySet[Any]) -> QuerySet[Any]:
    part = Func(F("email"), Value("@"), Value(2), function="split_part", output_field=CharField())
    return contacts.annotate(email_domain=Lower(part))


def _without_company() -> Q:
    """Contacts for whom no account can be found or made; free-mail domains say nothing."""
    lonely = Q(account=None, company_name="")
    domains = _with_domain(unlinked(RecordKind.CONTACT).filter(lonely)).values_list("email_domain", flat=True)
    free = [domain for domain in domains.distinct().order_by() if not company_domain(f"x@{domain}")]
    return lonely & Q(email_domain__in=["", *free])


def _tell_more(told: Forecast, settings: ObjectSettings, created: QuerySet[Any]) -> int:
    """Note what goes with the records that would be created; returns how many accounts do."""
    mine = {"record_kind": told.kind, "record_id": OuterRef("pk"), "drop_reason": DELETED_THERE}
    asked = {"again": Count("pk", filter=Exists(RecordLink.objects.filter(**mine)))}
    if told.kind != RecordKind.ACCOUNT and settings.create_as != "Lead":
        asked["accounts"] = Count("account", filter=Q(account__crm_id=""), distinct=True)
    if told.kind == RecordKind.CONTACT:
        asked["unverified"] = Count("pk", filter=Q(email_status="unverified") & ~Q(email=""))
        asked["lonely"] = Count("pk", filter=Q(account=None))
    counts = created.aggregate(**asked)
    words = {
        "accounts": "accounts that are not in Salesforce yet go before them.",
        "again": "of them were deleted in Salesforce before, and would be made there again.",
    }
    if settings.create_as == "Contact":
        words["lonely"] = "of them have no account: one is matched or made by company name or e-mail domain."
    if not settings.push_unverified_emails:
        words["unverified"] = "of them go without their e-mail address, which is unverified."
    told.notes = [f"{counts[name]:,} {text}" for name, text in words.items() if counts.get(name)]
    return counts.get("accounts", 0)


@dataclass(frozen=True)
class PullForecast:
    """What reading everything of an object would do. ``present``: records that Salesforce counts now."""

    present: int
    linked: int
    left_there: int

    @property
    def new(self) -> int:
        return max(0, self.present - self.linked - self.left_there)

    @property
    def calls(self) -> int:
        return calls_of_pull(self.present)


def calls_of_pull(present: int) -> int:
    """About so many to read everything of an object: page by page, or as an export."""
    return ceil(present / PART) + 3 if present >= EXPORT_FROM else present // PAGE + 1


def pull(connection: Connection, remote_object: str) -> PullForecast:
    """Costs one call. Raises Refused and ProviderError."""
    login = Logins(connection).for_team().credential
    if login is None:
        raise Refused("There is no login to ask with: connect one.")
    present = provider_for(login).count(remote_object, None)
    links = RecordLink.objects.filter(connection=connection, remote_object=remote_object)
    counts = links.aggregate(
        linked=Count("pk", filter=Q(dropped_at=None, record_id__isnull=False, gone_at=None)),
        left_there=Count("pk", filter=Q(record_id=None, gone_at=None)),
    )
    return PullForecast(present, **counts)
