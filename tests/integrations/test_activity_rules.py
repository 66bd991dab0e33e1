"""Which activities go to Salesforce, and which rule says so."""

from datetime import UTC, datetime, timedelta
from itertools import combinations, product
from typing import Any, NamedTuple

import pytest

from activities.mail.team import Team
from activities.models import Activity, Message, Participant
from common.models import Origin, RecordKind
from contacts.models import Contact
from deals.models import Deal
from integrations.activity_rules import ActivityRules, Rule, judged, made_before, title_of, verdict
from integrations.models import ActivitySettings, Connection, ExclusionRule
from integrations.models.activities import EMAILS, PUSHES, SWITCHES
from tests.factories import AccountFactory, ActivityFactory, ContactFactory, DealFactory, TaskFactory, UserFactory
from users.models import User

Kind = Activity.Kind
Role = Participant.Role
KEEPS_ACME_OUT = ExclusionRule(name="Acme", from_domains=["acme.example"])


class Case(NamedTuple):
    is_incoming: bool
    is_sent_here: bool
    is_reply: bool
    was_internal: bool
    is_on_our_domains: bool
    is_known: bool
    is_excluded: bool

    @property
    def is_internal(self) -> bool:
        return self.was_internal or self.is_on_our_domains

    def rules(self, settings: ActivitySettings) -> ActivityRules:
        domains = ("acme.example", "other.example", "there.example") if self.is_on_our_domains else ("there.example",)
        return ActivityRules(settings, [KEEPS_ACME_OUT], Team(domains=frozenset(domains)))

    def email(self) -> Activity:
        """One that was never saved, with all that a verdict looks at."""
        activity = Activity(pk=1, kind=Kind.EMAIL, direction="in" if self.is_incoming else "out", subject="Hello")
        Message(
            activity=activity, is_sent_here=self.is_sent_here, is_reply=self.is_reply, is_internal=self.was_internal
        )
        sender = "ann@acme.example" if self.is_excluded else "ann@other.example"
        contact = Contact(pk=1, last_name="Roe", crm_id="003000000000001AAA" if self.is_known else "")
        people = [
            Participant(role=Role.FROM, address=sender, contact=contact if self.is_incoming else None),
            Participant(role=Role.TO, address="bob@there.example", contact=None if self.is_incoming else contact),
        ]
        activity._prefetched_objects_cache = {"participants": people}  # type: ignore[attr-defined]
        return activity


CASES = [Case(*values) for values in product([False, True], repeat=len(Case._fields))]
# The sentences of the settings page, each with the e-mails that it is about.
SENTENCES = {
    "push_internal_emails": lambda one: one.is_internal,
    "push_replies": lambda one: one.is_incoming and one.is_reply and not one.is_internal,
    "push_other_incoming": lambda one: one.is_incoming and not one.is_reply and not one.is_internal,
    "push_emails_sent_here": lambda one: not one.is_incoming and one.is_sent_here and not one.is_internal,
    "push_emails_sent_elsewhere": lambda one: not one.is_incoming and not one.is_sent_here and not one.is_internal,
}


@pytest.mark.parametrize("makes_people", [False, True])
@pytest.mark.parametrize("on", [chosen for count in range(len(EMAILS) + 1) for chosen in combinations(EMAILS, count)])
def test_each_email_hangs_on_one_switch_its_exclusions_and_its_people(on: tuple[str, ...], makes_people: bool) -> None:
    """With every choice of switches, every e-mail that there can be."""
    settings = ActivitySettings(**dict.fromkeys(on, True), push_unknown_people=makes_people)

    for case in CASES:
        said = verdict(case.email(), case.rules(settings))

        is_on = any(SENTENCES[switch](case) for switch in on)
        goes = is_on and not case.is_excluded and (case.is_known or makes_people)
        assert (said.pushes, said.makes_people) == (goes, goes and not case.is_known), case
        assert said.rule == rule_of(case, is_on=is_on), case
        assert SENTENCES[said.switch](case), case


def rule_of(case: Case, *, is_on: bool) -> Rule:
    if not is_on:
        return Rule.SWITCH
    if case.is_excluded:
        return Rule.EXCLUSION
    return Rule.SWITCH if case.is_known else Rule.UNKNOWN_PEOPLE


def test_no_two_sentences_are_about_the_same_email() -> None:
    assert all(sum(bool(holds(case)) for holds in SENTENCES.values()) == 1 for case in CASES)


THERE = "00Q000000000001AAA"
ON = ActivitySettings(**dict.fromkeys(PUSHES, True))
EVERYTHING = ActivitySettings(**dict.fromkeys(SWITCHES, True))


def rules(**others: Any) -> ActivityRules:
    """Everything that is pushed at all goes; nobody is made."""
    return ActivityRules(**{"settings": ON, "team": Team(domains=frozenset({"team.example"})), **others})


def judge(activity: Activity, **others: Any) -> tuple[bool, Rule]:
    said = verdict(judged(Activity.objects.all()).get(pk=activity.pk), rules(**others))
    return said.pushes, said.rule


def meeting(*people: Any, **values: Any) -> Activity:
    """With contacts, users, or addresses."""
    activity = ActivityFactory(kind=Kind.MEETING, **{"contact": None, "account": AccountFactory(), **values})
    for one in people:
        who = {Contact: "contact", User: "user", str: "address"}[type(one)]
        Participant.objects.create(activity=activity, role=Role.ATTENDEE, **{who: one})
    return activity


@pytest.mark.django_db
@pytest.mark.parametrize("kind", [Kind.NOTE, Kind.CALL])
def test_notes_and_calls_go_with_what_they_are_about(kind: Kind) -> None:
    linked, unlinked = ContactFactory(crm_id=THERE), ContactFactory()

    assert judge(ActivityFactory(kind=kind, contact=linked)) == (True, Rule.SWITCH)
    assert judge(ActivityFactory(kind=kind, contact=unlinked)) == (False, Rule.NOTHING_THERE)
    of_account = ActivityFactory(kind=kind, contact=unlinked, account=AccountFactory(crm_id="001000000000001AAA"))
    assert judge(of_account) == (True, Rule.SWITCH)
    assert judge(of_account, settings=ActivitySettings()) == (False, Rule.SWITCH)


@pytest.mark.django_db
def test_what_is_about_to_be_in_salesforce_counts_as_there() -> None:
    note = ActivityFactory()
    loaded = judged(Activity.objects.all()).get()

    assert verdict(loaded, rules(), coming={(RecordKind.CONTACT, note.contact_id)}).pushes
    assert not verdict(loaded, rules(), coming={(RecordKind.ACCOUNT, note.contact_id)}).pushes


@pytest.mark.django_db
def test_a_task_goes_once_it_is_done() -> None:
    task = TaskFactory(contact=ContactFactory(crm_id=THERE))
    assert judge(task) == (False, Rule.OPEN_TASK)

    Activity.objects.update(completed_at=datetime(2026, 1, 2, tzinfo=UTC))

    assert judge(task) == (True, Rule.SWITCH)


@pytest.mark.django_db
def test_a_meeting_among_teammates_never_goes() -> None:
    everything = {"settings": EVERYTHING}
    deal = DealFactory(crm_id="006000000000001AAA")

    assert judge(meeting(UserFactory(), "carl@team.example", deal=deal), **everything) == (False, Rule.TEAMMATES)
    with_somebody = meeting(UserFactory(), "ann@other.example", deal=deal)
    assert judge(with_somebody, **everything) == (True, Rule.UNKNOWN_PEOPLE)
    assert judge(meeting(deal=deal), **everything) == (True, Rule.SWITCH)


@pytest.mark.django_db
def test_a_meeting_with_nobody_of_salesforce_goes_only_with_all_calendar_events() -> None:
    with_all = {"settings": ActivitySettings(push_meetings=True, push_all_calendar_events=True)}
    stranger = meeting(UserFactory(), ContactFactory())
    known = meeting("x@other.example", ContactFactory(crm_id=THERE))

    assert judge(stranger) == (False, Rule.UNKNOWN_PEOPLE)
    assert judge(stranger, **with_all) == (True, Rule.UNKNOWN_PEOPLE)
    assert judge(known) == judge(known, **with_all) == (True, Rule.SWITCH)


@pytest.mark.django_db
def test_a_summary_needs_a_deal_that_is_there_and_deals_that_are_pushed() -> None:
    linked = ContactFactory(crm_id=THERE)

    def summary(deal: Deal | None) -> Activity:
        return ActivityFactory(kind=Kind.CONVERSATION, contact=linked, deal=deal)

    with_deal = summary(DealFactory(crm_id="006000000000001AAA"))

    assert judge(with_deal) == (True, Rule.SWITCH)
    assert judge(with_deal, deals_stay="Deals are not pushed.") == (False, Rule.DEALS_STAY)
    assert judge(summary(DealFactory())) == (False, Rule.NOTHING_THERE)
    assert judge(summary(None)) == (False, Rule.NO_DEAL)


@pytest.mark.django_db
def test_an_email_that_was_written_down_by_hand_is_judged_by_its_contact_and_owner() -> None:
    owner, contact = UserFactory(email="me@team.example"), ContactFactory(email="ann@acme.example", crm_id=THERE)
    incoming = ActivityFactory(kind=Kind.EMAIL, direction="in", contact=contact, owner=owner)
    outgoing = ActivityFactory(kind=Kind.EMAIL, direction="", contact=contact, owner=owner)
    to_acme = ExclusionRule(name="To Acme", to_domains=["acme.example"])

    for rule, of_incoming, of_outgoing in [(KEEPS_ACME_OUT, False, True), (to_acme, True, False)]:
        assert judge(incoming, exclusions=[rule])[0] == of_incoming
        assert judge(outgoing, exclusions=[rule])[0] == of_outgoing


@pytest.mark.django_db
def test_an_internal_email_goes_with_what_it_is_about_and_makes_nobody() -> None:
    email = ActivityFactory(kind=Kind.EMAIL, contact=None, account=AccountFactory())
    Message.objects.create(activity=email, message_id="a", thread="a", is_internal=True)
    Participant.objects.create(activity=email, role=Role.FROM, address="a@team.example")

    assert judge(email, settings=EVERYTHING) == (False, Rule.NOTHING_THERE)
    email.account.crm_id = "001000000000001AAA"
    email.account.save()
    assert judge(email) == (True, Rule.SWITCH)


@pytest.mark.django_db
def test_judging_very_many_asks_a_fixed_number_of_questions(
    connection: Connection, django_assert_num_queries: Any
) -> None:
    for _ in range(3):
        for kind in Kind:
            one = ActivityFactory(kind=kind, contact=ContactFactory(), owner=UserFactory(), deal=DealFactory())
            Participant.objects.create(activity=one, role=Role.TO, contact=ContactFactory(), user=UserFactory())
    known = ActivityRules.load(connection)

    with django_assert_num_queries(4):
        for activity in judged(Activity.objects.all()):
            verdict(activity, known)
            title_of(activity, known.settings)


@pytest.mark.django_db
def test_settings_count_from_when_they_were_turned_on() -> None:
    now = datetime(2026, 5, 5, tzinfo=UTC)
    settings = ActivitySettings(push_notes=True, push_emails_sent_elsewhere=True, push_tasks=True, push_meetings=True)
    switches = ["push_notes", "push_emails_sent_elsewhere", "push_tasks", "push_meetings", "pull_every"]
    settings.follow_switches(switches, now)
    day = timedelta(days=1)

    def is_past(kind: Kind, **values: Any) -> bool:
        activity = ActivityFactory(kind=kind, **{"happened_at": now - day, **values})
        Activity.objects.filter(pk=activity.pk).update(created_at=now + day)
        loaded = judged(Activity.objects.all()).get(pk=activity.pk)
        return made_before(loaded, settings, verdict(loaded, rules(settings=settings)))

    assert not is_past(Kind.NOTE)
    assert is_past(Kind.EMAIL)
    assert not is_past(Kind.EMAIL, happened_at=now + day)
    assert is_past(Kind.TASK, completed_at=now - day)
    assert not is_past(Kind.TASK, completed_at=now + day)
    assert not is_past(Kind.MEETING), "somebody logged it since"
    assert is_past(Kind.MEETING, origin=Origin.EMAIL), "a calendar was connected since, and brought it"
    assert not is_past(Kind.MEETING, origin=Origin.EMAIL, happened_at=now + day)

    settings.push_notes = False
    settings.follow_switches(["push_notes"], now)
    assert settings.since("push_notes") is None


@pytest.mark.django_db
def test_titles_follow_their_templates_and_fall_back_to_the_kind() -> None:
    owner = UserFactory(name="Olga", time_zone="Pacific/Auckland")
    at = datetime(2026, 5, 5, 20, tzinfo=UTC)
    call = ActivityFactory(
        kind=Kind.CALL, subject=" Price\n talk ", owner=owner, happened_at=at, direction="in", duration=125
    )

    def title(template: str) -> str:
        return title_of(judged(Activity.objects.all()).get(pk=call.pk), ActivitySettings(call_title=template))

    assert title("{{subject}}") == "Price talk"
    assert title("[{{ owner }}] {{direction}} {{duration}} {{date}}") == "[Olga] Incoming 2:05 2026-05-06"
    assert title("{{deal|no deal}}: {{outcome}}") == "no deal:"
    assert title("{{outcome}}") == "Call"
    assert title("{{subject}}" * 40).endswith("…")
    assert len(title("{{subject}}" * 40)) == 255


@pytest.mark.django_db
def test_what_has_no_template_is_called_as_it_is_here() -> None:
    settings = ActivitySettings()

    assert title_of(ActivityFactory(kind=Kind.NOTE, subject="Seen"), settings) == "Seen"
    assert title_of(ActivityFactory(kind=Kind.CONVERSATION, subject=""), settings) == "Conversation"
