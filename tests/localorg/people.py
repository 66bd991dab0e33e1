"""Somebody in front of the pages, played by requests."""

import html
import re
from typing import Any

import requests

from tests.localorg.client import Server

OK = 200


class Person(requests.Session):
    """Signed in as the user whose username begins with ``name``."""

    def __init__(self, server: Server, name: str) -> None:
        super().__init__()
        self.url = server.url
        user = next(user for user in server.facts["users"] if user["username"].startswith(name))
        answer = self.post(f"{self.url}/login", data={"as": user["username"]}, timeout=30)
        assert answer.status_code == OK, answer.text

    def see(self, path: str, **query: Any) -> str:
        """The text of a page, without its markup."""
        answer = self.get(self.url + path, params=query, timeout=30)
        assert answer.status_code == OK, (path, answer.status_code)
        return text_of(answer.text)

    def page(self, path: str) -> str:
        return self.get(self.url + path, timeout=30).text

    def status(self, path: str) -> int:
        return self.get(self.url + path, timeout=30).status_code

    def enter(self, path: str, form: Any = (), files: Any = None) -> requests.Response:
        return self.post(self.url + path, data=form, files=files, timeout=30)


def text_of(page: str) -> str:
    body = re.sub(
        r'<(head|script|nav class="tabs"|header|footer)\b.*?</(head|script|nav|header|footer)>', " ", page, flags=re.S
    )
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", body)).split())


def links_of(page: str) -> list[str]:
    return [html.unescape(link) for link in re.findall(r'href="([^"]*)"', page)]
