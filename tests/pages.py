"""What tests of pages share."""

from html.parser import HTMLParser
from typing import Any

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from common.models import Record
from common.records import kind_of


class CaptureQueries(CaptureQueriesContext):
    def __init__(self) -> None:
        super().__init__(connection)


class _Controls(HTMLParser):
    """Collects what a browser would send of a form."""

    def __init__(self) -> None:
        super().__init__()
        self.data: dict[str, list[str]] = {}
        self.name = self.kind = ""
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = dict(attrs)
        name = attributes.get("name") or ""
        match tag:
            case "input" if attributes.get("type") not in ("checkbox", "radio") or "checked" in attributes:
                self.data.setdefault(name, []).append(
                    attributes.get("value", "on" if "checked" in attributes else "") or ""
                )
            case "select" | "textarea":
                self.name, self.kind, self.text = name, tag, []
            case "option" if "selected" in attributes:
                self.data.setdefault(self.name, []).append(attributes.get("value") or "")

    def handle_data(self, data: str) -> None:
        if self.kind == "textarea":
            self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.data[self.name] = ["".join(self.text).removeprefix("\n")]
        if tag in ("textarea", "select"):
            self.name = self.kind = ""


def shown(form: Any) -> dict[str, list[str]]:
    """What a browser sends when a form is submitted as it was shown, with the newlines that browsers make."""
    controls = _Controls()
    controls.feed(str(form))
    return {
        name: [value.replace("\n", "\r\n") for value in values] for name, values in controls.data.items() if name != "q"
    }


def timeline_of(client: Client, record: Record) -> str:
    """What the page of a record loads once it is seen."""
    return client.get(reverse("record_timeline", args=[kind_of(record), record.pk])).content.decode()
