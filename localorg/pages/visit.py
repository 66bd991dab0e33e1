"""A request to a page, by somebody who is signed in to the org."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from localorg import ids
from localorg.auth import signin
from localorg.auth.signin import Person
from localorg.errors import Refused
from localorg.org import Org
from localorg.pages.render import POLICY, page
from localorg.pages.session import browser_session
from localorg.schema import Schema, SObject

if TYPE_CHECKING:
    import sqlite3

NOT_HERE = "The record or page you asked for does not exist, or you may not see it."
ELSEWHERE = "This form was sent by a page of somebody else. Nothing was changed."
SEE_OTHER, BAD_REQUEST, FORBIDDEN, NOT_FOUND = 303, 400, 403, 404


class Missing(Exception):
    """There is no such page or record, or not for this person."""


@dataclass(frozen=True)
class Visit:
    """``schema``: what the person may see and do."""

    request: Request
    org: Org
    person: Person
    schema: Schema
    form: FormData

    @property
    def is_post(self) -> bool:
        return self.request.method == "POST"

    @contextmanager
    def reading(self) -> "Iterator[sqlite3.Connection]":
        with self.org.database.read() as db:
            yield db

    def asked(self, name: str) -> str:
        return self.request.query_params.get(name, "").strip()

    def text(self, name: str) -> str:
        """A field of the form; "" for none or a file."""
        value = self.form.get(name, "")
        return value.strip() if isinstance(value, str) else ""

    def whole(self, name: str, most: int = 10**9) -> int | None:
        """A number of the form; None for what is none, or is above ``most``."""
        return _whole(self.text(name), most)

    def asked_whole(self, name: str, most: int = 10**9) -> int | None:
        return _whole(self.asked(name), most)

    def texts(self, name: str) -> list[str]:
        return [value for value in self.form.getlist(name) if isinstance(value, str)]

    def file(self, name: str) -> tuple[str, bytes] | None:
        """Name and bytes of a file that was sent."""
        value = self.form.get(name)
        if not isinstance(value, UploadFile) or not value.filename:
            return None
        value.file.seek(0)
        return value.filename, value.file.read()

    def sobject(self, text: str) -> SObject:
        """By key prefix or name. Raises Missing."""
        found = self.schema.of_id(text) or self.schema.find(text)
        if found is None:
            raise Missing
        return found

    def record_id(self, text: str) -> tuple[SObject, str]:
        """The object and the canonical form of an id. Raises Missing for what is none."""
        record_id = ids.parse(text)
        sobject = (self.schema.of_id(record_id) or self._shared(record_id)) if record_id else None
        if record_id is None or sobject is None:
            raise Missing
        return sobject, record_id

    def _shared(self, record_id: str) -> SObject | None:
        """The object of an id whose key prefix several share."""
        with self.reading() as db:
            for sobject in self.schema:
                sql = f'SELECT 1 FROM "{sobject.name}" WHERE "Id" = ?'
                if record_id.startswith(sobject.prefix) and db.execute(sql, (record_id,)).fetchone():
                    return sobject
        return None

    def page(self, template: str, status: int = 200, **shown: object) -> Response:
        tabs = [sobject for sobject in self.schema if sobject.can("feed") and sobject.name != "User"]
        common = {"visit": self, "person": self.person.values, "tabs": tabs, "is_admin": self.is_admin}
        policy = f"{POLICY}; form-action 'self'; frame-src {self.org.settings.url} {self.org.settings.visualforce_url}"
        return page(self.request, template, common | shown, status, {"Content-Security-Policy": policy})

    @property
    def is_admin(self) -> bool:
        access = self.schema.access
        return access is None or access.may("CustomizeApplication")


View = Callable[[Visit], Response]


def visit_of(request: Request, org: Org, person: Person, form: FormData | None = None) -> Visit:
    with org.database.read() as db:
        schema = org.schema_for(db, person.id)
    assert schema is not None  # active people have a view
    return Visit(request, org, person, schema, form or FormData())


def signed_in(view: View) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint of a view. Strangers are asked to log in, forms of other sites are turned away."""

    async def endpoint(request: Request) -> Response:
        if own := _on_own_host(request):
            return redirect(own)
        session = browser_session(request)
        person = signin.by_id(request.app.state.org, session.user_id) if session else None
        if person is None or not person.is_active:
            return to_login(request)
        form = await request.form() if request.method == "POST" else FormData()
        return await run_in_threadpool(_answer, view, request, person, form)

    return endpoint


def is_foreign(request: Request) -> bool:
    """Whether a form comes from a page of another origin; browsers say so, and nobody else matters."""
    origin = request.headers.get("origin")
    return origin is not None and origin != f"{request.url.scheme}://{request.headers.get('host')}"


def redirect(path: str) -> Response:
    return RedirectResponse(path, SEE_OTHER)


def to_login(request: Request) -> Response:
    wanted = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    return redirect("/login?" + urlencode({"startURL": wanted}))


def _on_own_host(request: Request) -> str | None:
    """Where a page is that was asked for by another name of this machine.

    Record pages must not be of one site with what they frame, which on this machine is often at localhost.
    """
    url = request.app.state.org.settings.url
    if request.method != "GET" or request.url.hostname != "localhost" or urlsplit(url).hostname == "localhost":
        return None
    return f"{url}{request.url.path}" + (f"?{request.url.query}" if request.url.query else "")


def _whole(text: str, most: int) -> int | None:
    number = int(text) if text.isdecimal() and len(text) <= len(str(most)) else None
    return number if number is not None and number <= most else None


def _answer(view: View, request: Request, person: Person, form: FormData) -> Response:
    visit = visit_of(request, request.app.state.org, person, form)
    if request.method == "POST" and is_foreign(request):
        return visit.page("problem.html", FORBIDDEN, problem=ELSEWHERE)
    try:
        return view(visit)
    except Missing:
        return visit.page("problem.html", NOT_FOUND, problem=NOT_HERE)
    except Refused as refused:
        problems = "; ".join(problem.message for problem in refused.problems)
        return visit.page("problem.html", BAD_REQUEST, problem=problems)
