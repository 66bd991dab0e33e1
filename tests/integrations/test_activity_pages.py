"""The page of activities: switches, titles, exclusion rules and the tester."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from activities.models import Activity, Mailbox, Message, Participant
from integrations import activity_settings
from integrations.forms.activities import ActivitySettingsForm, Sync
from integrations.models import ActivitySettings, Connection, ExclusionRule
from tests.factories import ActivityFactory, ContactFactory, TaskFactory, UserFactory
from tests.pages import CaptureQueries, shown
from users.models import User

pytestmark = pytest.mark.django_db

RULE = {"name": "Board", "join": "and", "from_domains": "board.example\nBOARD.example", "to_keywords": "Secret"}


def url(name: str, *args: Any) -> str:
    return reverse(f"integrations:{name}", args=args)


def as_shown(connection: Connection) -> dict[str, Any]:
    form = ActivitySettingsForm(instance=ActivitySettings.of(connection), sync=Sync.of(connection))
    return {name: value for name, value in shown(form).items() if value is not None}


def save(client: Client, form: dict[str, Any]) -> Any:
    return client.post(url("activity_settings"), form)


def text(response: Any) -> str:
    return " ".join(response.content.decode().split())


def an_email(subject: str = "Hello", **values: Any) -> Activity:
    email = ActivityFactory(kind=Activity.Kind.EMAIL, subject=subject, direction="in", **values)
    Message.objects.create(activity=email, message_id=f"{email.pk}@x", thread="x")
    Participant.objects.create(activity=email, role="from", address="ann@board.example", contact=email.contact)
    return email


def test_everything_is_off_at_first_and_saving_what_was_shown_changes_nothing(
    admin_client: Client, connection: Connection
) -> None:
    assert "push_" not in str([name for name, value in as_shown(connection).items() if value == "on"])

    assert save(admin_client, as_shown(connection)).status_code == 200

    assert not ActivitySettings.objects.exists()


def test_a_switch_counts_from_when_it_is_turned_on(admin_client: Client, connection: Connection) -> None:
    save(admin_client, as_shown(connection) | {"push_notes": "on"})
    first = ActivitySettings.of(connection).since("push_notes")
    assert first is not None

    save(admin_client, as_shown(connection) | {"push_calls": "on"})

    row = ActivitySettings.of(connection)
    assert row.push_notes
    assert row.push_calls
    assert row.since("push_notes") == first


def test_what_another_admin_saved_meanwhile_stays(admin_client: Client, connection: Connection) -> None:
    form = as_shown(connection)
    save(admin_client, as_shown(connection) | {"push_notes": "on", "call_title": "Call: {{subject}}"})

    save(admin_client, form | {"pull_every": "7"})

    row = ActivitySettings.of(connection)
    assert (row.pull_every, row.push_notes, row.call_title) == (7, True, "Call: {{subject}}")


def test_a_shorter_interval_of_tasks_counts_at_once(admin_client: Client, synced: Connection) -> None:
    save(admin_client, as_shown(synced) | {"pull_tasks": "on"})
    synced.cursors.filter(remote_object="Task").update(due_at=timezone.now() + timedelta(hours=1))

    save(admin_client, as_shown(synced) | {"pull_every": "1"})

    assert synced.cursors.get(remote_object="Task").due_at <= timezone.now() + timedelta(minutes=1)


def test_unknown_placeholders_are_refused_beside_their_field(admin_client: Client, connection: Connection) -> None:
    answer = save(admin_client, as_shown(connection) | {"push_notes": "on", "task_title": "{{location}}: {{subject}}"})

    assert answer.status_code == 422
    assert "There is no placeholder {{location}}" in text(answer)
    assert not ActivitySettings.objects.exists()


def test_what_depends_on_other_settings_says_so(admin_client: Client, connection: Connection) -> None:
    connection.object_settings.update(push_new=False, sync="both")
    connection.object_settings.filter(record_kind="deal").update(sync="off")

    off = text(admin_client.post(url("activity_draft"), as_shown(connection)))
    on = {"push_conversations": "on", "push_emails_sent_here": "on", "push_unknown_people": "on"}
    turned_on = text(admin_client.post(url("activity_draft"), as_shown(connection) | on))

    assert "No effect while meetings are not pushed." in off
    assert "This will fail" not in off
    assert "This will fail" in turned_on
    assert "No effect while deals are not pushed" in turned_on
    assert "nobody can be created" in turned_on
    assert "Creates people in Salesforce" in turned_on
    assert not ActivitySettings.objects.exists()


def test_each_switch_tells_what_it_would_have_pushed_of_late(admin_client: Client, connection: Connection) -> None:
    linked = ContactFactory(crm_id="003000000000001AAA")
    ActivityFactory(contact=linked)
    TaskFactory(contact=linked)
    an_email(contact=linked)
    an_email(contact=ContactFactory())
    an_email("Secret", contact=linked)
    ExclusionRule.objects.create(connection=connection, name="Secrets", from_keywords=["secret"])

    with CaptureQueries() as few:
        page = text(admin_client.get(url("activity_reach")))
    for _ in range(5):
        an_email(contact=ContactFactory())
    with CaptureQueries() as many:
        admin_client.get(url("activity_reach"))

    def count(name: str) -> str:
        return page.split(f'id="reach-{name}"')[1].split("</span> ", 2)[1].split("</span>")[0].strip()

    assert [count(name) for name in ("push_notes", "push_tasks", "push_other_incoming")] == ["1", "0", "1"]
    assert count("push_unknown_people") == "+1"
    assert "1 more e-mail" in page
    assert len(many) == len(few)


def test_a_title_is_previewed_with_the_newest_activity_or_a_made_up_one(
    admin_client: Client, connection: Connection
) -> None:
    def preview(template: str) -> str:
        return text(admin_client.post(url("activity_title", "call"), {"call_title": template}))

    assert "A made-up one would be called</span> <strong" in preview("Call: {{subject}}")
    ActivityFactory(kind=Activity.Kind.CALL, subject="<b>Prices</b>")
    assert "&lt;b&gt;Prices&lt;/b&gt; (Call)" in preview("{{subject}} ({{kind}})")
    assert "There is no placeholder {{to}}" in preview("{{to}}")
    assert "cut at 255" in preview("x" * 400)
    made_up = text(
        admin_client.post(url("activity_title", "email"), {"email_title": "{{direction}} to {{to|somebody}}"})
    )
    assert "Outgoing to somebody" in made_up
    assert admin_client.post(url("activity_title", "note"), {}).status_code == 404


def test_a_rule_is_added_changed_and_deleted_in_its_panel(admin_client: Client, connection: Connection) -> None:
    answer = admin_client.post(url("exclusion_new"), RULE)
    assert "panel-done" in answer["HX-Trigger"]
    rule = ExclusionRule.objects.get()
    assert (rule.from_domains, rule.to_keywords) == (["board.example"], ["Secret"])
    assert "board.example" in text(answer)

    seen = rule.updated_at.isoformat()
    admin_client.post(url("exclusion", rule.pk), RULE | {"join": "or", "seen": seen})
    rule.refresh_from_db()
    assert rule.join == "or"

    late = admin_client.post(url("exclusion", rule.pk), RULE | {"seen": seen})
    assert late.status_code == 422
    assert "Somebody changed this rule meanwhile" in text(late)

    for _ in range(2):  # a double click
        assert admin_client.post(url("exclusion_delete", rule.pk)).status_code == 200
    assert not ExclusionRule.objects.exists()
    assert admin_client.post(url("exclusion", rule.pk), RULE).status_code == 404


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"from_domains": "", "to_keywords": ""}, "Fill in at least one domain"),
        ({"from_domains": "acme"}, "“acme” is not a domain"),
        ({"from_domains": "a b.example"}, "is not a domain"),
        ({"to_addresses": "nobody"}, "“nobody” is not an e-mail address"),
        ({"to_keywords": "!!!"}, "has no letter or digit"),
        ({"to_keywords": "x" * 300}, "is longer than 255"),
        ({"to_domains": "\n".join(f"d{number}.example" for number in range(201))}, "200 are the most"),
        ({"name": ""}, "required"),
        ({"name": "Taken"}, "There is a rule of this name already"),
        ({"join": "nor"}, "valid choice"),
    ],
)
def test_a_rule_that_can_not_be_says_why(
    wrong: dict[str, str], message: str, admin_client: Client, connection: Connection
) -> None:
    ExclusionRule.objects.create(connection=connection, name="Taken", from_domains=["x.example"])

    answer = admin_client.post(url("exclusion_new"), RULE | wrong)

    assert answer.status_code == 422
    assert message in text(answer)
    assert ExclusionRule.objects.count() == 1


def test_two_admins_who_give_one_name_are_told(connection: Connection) -> None:
    ExclusionRule.objects.create(connection=connection, name="Board", from_domains=["x.example"])

    with pytest.raises(activity_settings.Gone, match="this name"):
        activity_settings.save_rule(ExclusionRule(connection=connection, name="Board", to_domains=["y.example"]))


def test_the_panel_tells_which_emails_a_rule_would_have_kept_out(admin_client: Client, connection: Connection) -> None:
    an_email("Secret plans")
    an_email("Lunch")

    rule = {"name": "", "join": "and", "from_keywords": "secret"}
    page = text(admin_client.post(url("exclusion_draft"), rule))

    assert "newest 2 e-mails" in page
    assert "<strong>1</strong>" in page
    assert "Secret plans" in page
    assert "Lunch" not in page


def a_mailbox(address: str) -> Mailbox:
    hosts = {"imap_host": "imap.example.com", "smtp_host": "smtp.example.com"}
    return Mailbox.objects.create(user=UserFactory(), address=address, read_since=date(2026, 1, 1), **hosts)


def tried(client: Client, **typed: str) -> str:
    return text(client.post(url("activity_tester"), {"sender": "", "recipients": "", "subject": "", **typed}))


def test_the_tester_says_whether_an_email_goes_and_which_rule_decides(
    admin_client: Client, admin: User, connection: Connection
) -> None:
    ContactFactory(email="known@acme.example", crm_id="003000000000001AAA")
    ExclusionRule.objects.create(connection=connection, name="Secrets", from_keywords=["secret"])
    row = ActivitySettings.objects.create(connection=connection, push_emails_sent_elsewhere=True, push_replies=True)
    ours, known = admin.email, "Known <KNOWN@acme.example>"

    assert "E-mails sent outside Tandem are pushed." in tried(admin_client, sender=ours, recipients=known)
    assert "E-mails sent in Tandem are not pushed." in tried(
        admin_client, sender=ours, recipients=known, belongs_here="on"
    )
    assert "Other incoming e-mails are not pushed." in tried(admin_client, sender=known, recipients=ours)
    assert "“Secrets” keeps it out" in tried(admin_client, sender=ours, recipients=known, subject="A SECRET")
    stranger = {"sender": ours, "recipients": "x@acme.example; y@acme.example"}
    assert "None of its people is in Salesforce." in tried(admin_client, **stranger)
    row.push_unknown_people = True
    row.save()
    assert "they are created there with it" in tried(admin_client, **stranger)
    a_mailbox(f"boss@{ours.partition('@')[2]}")
    assert "Internal e-mails are not pushed." in tried(admin_client, sender=ours, recipients="bob@example.com")
    assert "Give the address of whoever sends it." in tried(admin_client, recipients="bob@example.com")


def test_an_email_that_is_here_is_judged_as_it_is(admin_client: Client, connection: Connection) -> None:
    email = an_email(contact=ContactFactory(crm_id="003000000000001AAA"))
    chosen = {"email": str(email.pk)}

    def judged() -> str:
        return text(admin_client.post(url("activity_tester"), chosen))

    assert "Other incoming e-mails are not pushed." in judged()
    save(admin_client, as_shown(connection) | {"push_other_incoming": "on"})
    assert "Other incoming e-mails are pushed." in judged()
    assert "It lies before this was turned on" in judged()
    email.delete()
    assert "is not here any more" in judged()


def test_the_page_asks_as_much_of_many_rules_as_of_few(admin_client: Client, connection: Connection) -> None:
    with CaptureQueries() as few:
        page = admin_client.get(url("activities"))
    assert "No rules" in text(page)
    for number in range(40):
        ExclusionRule.objects.create(connection=connection, name=f"Rule {number}", to_domains=["x.example"])
        an_email()
    with CaptureQueries() as many:
        page = admin_client.get(url("activities"))

    assert "Rule 39" in text(page)
    assert len(many) == len(few)


def test_the_way_to_it_leads_from_the_setup_and_from_links_to_objects(
    admin_client: Client, connection: Connection
) -> None:
    assert "Activities are not pushed." in text(admin_client.get(url("overview")))
    save(admin_client, as_shown(connection) | {"push_notes": "on"})

    page = text(admin_client.get(url("overview")))

    assert "Activities are pushed." in page
    assert page.count(f'href="{url("activities")}"') == 2
    assert admin_client.get(url("object", "activity")).url == url("activities")  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    "name", ["activities", "activity_settings", "activity_draft", "activity_reach", "activity_tester", "exclusion_new"]
)
def test_only_admins_see_and_change_it(name: str, client: Client, connection: Connection) -> None:
    client.force_login(UserFactory())
    assert client.get(url(name)).status_code == 403
    assert client.post(url(name), RULE).status_code == 403
    assert not ExclusionRule.objects.exists()
