from zoneinfo import ZoneInfo

from django import forms

from activities.calendars import feeds
from users.models import User

LONGEST_URL = 2_000
SECRET = "For example Google Calendar: Settings, your calendar, “Secret address in iCal format”."  # noqa: S105


class CalendarForm(forms.Form):
    name = forms.CharField(max_length=150, initial="My calendar")
    url = forms.CharField(
        label="Secret address of the calendar (iCal)",
        max_length=LONGEST_URL,
        widget=forms.TextInput(attrs={"inputmode": "url", "autocomplete": "off", "placeholder": "https://…"}),
        help_text=SECRET,
    )

    def __init__(self, *args: object, user: User, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self.user = user

    def clean_url(self) -> str:
        """What is there is looked at once, so that what is wrong is said now."""
        url = self.cleaned_data["url"]
        if url.lower().startswith("webcal://"):
            url = f"https://{url[len('webcal://') :]}"
        try:
            feeds.meetings_of(feeds.fetch(url).data or b"", ZoneInfo(self.user.time_zone))
        except feeds.FeedFailed as failure:
            raise forms.ValidationError(str(failure)) from failure
        return url
