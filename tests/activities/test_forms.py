"""What the forms of activities understand."""

from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from django.utils import timezone

from activities.fields import DurationField, clock
from activities.models import Activity
from tests.factories import ContactFactory, DealFactory, UserFactory
from tests.pages import shown, timeline_of

HTMX = {"HX-Request": "true"}


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("12", 720), ("12:30", 750), ("1:02:03", 3723), ("90 min", 5400), ("0:45", 45), ("", None), (" 5 ", 300)],
)
def test_a_duration_is_minutes_or_minutes_and_seconds(text: str, seconds: int | None) -> None:
    field = DurationField(required=False)

    assert field.clean(text) == seconds
    assert seconds is None or field.clean(clock(seconds)) == seconds


@pytest.mark.parametrize("text", ["a while", "12:99", "-5", "99999", "1:1:1:1", "٣"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        DurationField(required=False).clean(text)


@pytest.mark.django_db
class TestMeetings:
    def made(self, client: Client, **values: Any) -> Activity:
        client.force_login(UserFactory(time_zone="Europe/Berlin"))
        path = f"/activities/of/contact/{ContactFactory().pk}/add/meeting/"
        form = shown(client.get(path, headers=HTMX).context["form"])
        self.answer = client.post(path, form | {"subject": "Tour", **values}, headers=HTMX)
        return Activity.objects.get()

    def test_a_whole_day_goes_from_midnight_to_midnight(self, client: Client) -> None:
        day = {"happened_at": "2026-03-02T10:00", "ends_at": "2026-03-03T09:00", "is_all_day": "on"}
        meeting = self.made(client, **day)

        assert (meeting.happened_at.isoformat(), meeting.ends_at and meeting.ends_at.isoformat()) == (
            "2026-03-02T00:00:00+00:00",
            "2026-03-04T00:00:00+00:00",
        )

    @pytest.mark.parametrize("zone", ["Europe/Berlin", "America/New_York", "Pacific/Auckland"])
    def test_a_whole_day_is_the_same_day_wherever_it_is_looked_at_and_edited(self, client: Client, zone: str) -> None:
        meeting = self.made(client, happened_at="2026-03-02", ends_at="2026-03-03", is_all_day="on")
        client.force_login(UserFactory(time_zone=zone))

        with timezone.override(zone):
            form = shown(client.get(f"/activities/{meeting.pk}/").context["form"])
        assert (form["happened_at"], form["ends_at"]) == (["2026-03-02T00:00:00"], ["2026-03-03T00:00:00"])
        days = {"happened_at": "2026-03-02", "ends_at": "2026-03-03"}  # as the browser sends them
        client.post(f"/activities/{meeting.pk}/", form | days | {"location": "Berlin"})

        after = Activity.objects.get()
        assert (after.happened_at, after.ends_at) == (meeting.happened_at, meeting.ends_at)
        assert after.location == "Berlin"
        assert "2 Mar 2026</time>" in timeline_of(client, after.contact)

    def test_one_that_ends_before_it_begins_is_refused_beside_its_field(self, client: Client) -> None:
        with pytest.raises(Activity.DoesNotExist):
            self.made(client, happened_at="2026-03-02T10:00", ends_at="2026-03-02T09:00")

        assert "ends_at" in self.answer.context["form"].errors


@pytest.mark.django_db
def test_a_conversation_is_summed_up_on_a_deal_and_nowhere_else(client: Client) -> None:
    client.force_login(UserFactory())
    deal, contact = DealFactory(), ContactFactory()
    path = f"/activities/of/deal/{deal.pk}/add/conversation/"
    form = shown(client.get(path, headers=HTMX).context["form"])

    client.post(path, form | {"subject": "Terms", "body": "Agreed.", "people": [f"contact-{contact.pk}"]}, headers=HTMX)

    summary = Activity.objects.get()
    assert (summary.kind, summary.deal, summary.contact) == ("conversation", deal, contact)
    assert client.get(f"/activities/of/contact/{contact.pk}/add/conversation/").status_code == 404
