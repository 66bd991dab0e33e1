"""One login's way to the org: simple-salesforce on a session of ours. No Django.

The session adds what that library lacks: time-outs, one refresh of an expired token, a count of the calls, the org's
clock (``clock``, and ``clock_offset`` from ours), plain http for one local address, and errors sorted into "no usable
answer", "the login is broken" and "refused".
"""

import csv
import io
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any
from urllib.parse import quote as percent_encode

import requests
from simple_salesforce import Salesforce, SalesforceError

from integrations.salesforce.oauth import is_trusted
from integrations.sync.provider import CallFailed, ConnectionBroken, RequestRefused

logger = logging.getLogger(__name__)

API_VERSION = "62.0"
QUERIES_PER_CALL = 5  # Salesforce's limit of queries in one composite call
REQUESTS_PER_CALL = 25  # and of requests of any kind
CONNECT_TIMEOUT = 10.0
CLOCK_NOISE = timedelta(seconds=3)  # the header has whole seconds, and was some time on its way
LIMIT_PAUSE = 15 * 60.0  # the daily allowance is a rolling window: it frees slowly

# Codes that say something of the whole call, never of a record.
LIMITS = {"REQUEST_LIMIT_EXCEEDED", "EXCEEDED_QUOTA"}
UNAVAILABLE = {"SERVER_UNAVAILABLE", "UNKNOWN_EXCEPTION", "QUERY_TIMEOUT", "REQUEST_RUNNING_TOO_LONG"}
LOGIN = {"INVALID_SESSION_ID", "INVALID_AUTH_HEADER", "API_CURRENTLY_DISABLED", "API_DISABLED_FOR_ORG", "INVALID_LOGIN"}


class TokenExpired(CallFailed):
    """A token expired under a call of a thread that may not renew it; nothing was carried out."""


class Session(requests.Session):
    """Sends with the present token; asks once for a new one when the org says that it expired.

    ``renew`` returns a new access token or raises ConnectionBroken or CallFailed. It is called in the thread that made
    the session only, for it uses that thread's connection to the database; others get TokenExpired.
    """

    def __init__(
        self, access_token: str, renew: Callable[[], str], *, local_url: str = "", timeout: float = 60.0
    ) -> None:
        super().__init__()
        self.access_token = access_token
        self.renew = renew
        self.local_url = local_url
        self.timeout = timeout
        self.calls = 0
        self.clock = datetime.now(UTC)
        self.clock_offset = timedelta()
        self.usage: tuple[int, int] | None = None
        self._thread = threading.get_ident()
        self._counting = threading.Lock()

    def request(self, method: str, url: str, **options: Any) -> requests.Response:  # type: ignore[override]
        response = self._send(method, url, **options)
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            if threading.get_ident() != self._thread:
                raise TokenExpired("The access token expired.")
            self.access_token = self.renew()
            response = self._send(method, url, **options)
        return response

    def _send(self, method: str, url: str, **options: Any) -> requests.Response:
        headers = {**(options.pop("headers", None) or {}), "Authorization": f"Bearer {self.access_token}"}
        headers.pop("X-PrettyPrint", None)
        options.setdefault("timeout", (CONNECT_TIMEOUT, self.timeout))
        options["allow_redirects"] = False  # the token is for this host only
        address = self._address(url)
        if not is_trusted(address, self.local_url):
            raise ConnectionBroken("The org's address is not one of Salesforce's. Connect again.")
        with self._counting:
            self.calls += 1
        try:
            response = super().request(method, address, headers=headers, **options)
        except requests.RequestException as error:
            raise _no_answer(error) from error
        self._note(response)
        return response

    def _address(self, url: str) -> str:
        """simple-salesforce always says https; the one local org has none."""
        host = self.local_url.removeprefix("http://")
        secure = f"https://{host}/"
        return f"{self.local_url}/{url[len(secure) :]}" if host and url.startswith(secure) else url

    def _note(self, response: requests.Response) -> None:
        if date := response.headers.get("Date"):
            self.clock = parsedate_to_datetime(date)
            offset = self.clock - datetime.now(UTC)
            self.clock_offset = offset if abs(offset) > CLOCK_NOISE else timedelta()
        usage = response.headers.get("Sforce-Limit-Info", "").partition("api-usage=")[2].partition(";")[0]
        used, _, limit = usage.partition("/")
        if used.isdigit() and limit.isdigit():
            self.usage = int(used), int(limit)


def _no_answer(error: requests.RequestException) -> CallFailed:
    if isinstance(error, requests.ConnectTimeout) or "NewConnectionError" in str(error) or "refused" in str(error):
        return CallFailed("Salesforce could not be reached.")
    if isinstance(error, requests.Timeout):
        return CallFailed("Salesforce took too long to answer.")
    return CallFailed("The connection to Salesforce was cut.")


def first_error(content: Any) -> tuple[str, str]:
    """Code and message of an error body; the edge sometimes answers HTML: ("", its beginning)."""
    if isinstance(content, list) and content and isinstance(content[0], dict):
        content = content[0]
    if isinstance(content, dict):
        code = content.get("errorCode") or content.get("statusCode") or content.get("error") or ""
        return str(code), str(content.get("message") or content.get("error_description") or "")
    return "", str(content)[:200]


def sorted_error(error: SalesforceError) -> CallFailed | ConnectionBroken | RequestRefused:
    """What an error answer means for the call."""
    code, message = first_error(error.content)
    if error.status == HTTPStatus.UNAUTHORIZED or code in LOGIN:
        return ConnectionBroken(f"{code or 'Login refused'}: {message}")
    if code in LIMITS:
        return CallFailed("The org's API limit is reached.", retry_after=LIMIT_PAUSE)
    if error.status >= HTTPStatus.INTERNAL_SERVER_ERROR or code in UNAVAILABLE:
        return CallFailed(
            f"Salesforce answered {error.status} {code or 'with a page instead of data'}.", is_answered=True
        )
    if not code or error.status in (406, 420, 429):
        return CallFailed(f"Salesforce answered {error.status} without saying why.", is_answered=True)
    return RequestRefused(code, message)


def _content(response: requests.Response) -> Any:
    try:
        return response.json()
    except ValueError:
        return response.text


class Client:
    """Calls in the words of the API. Raises CallFailed, ConnectionBroken and RequestRefused."""

    def __init__(self, instance_url: str, session: Session) -> None:
        self.session = session
        self.salesforce = Salesforce(
            instance_url=instance_url,
            session_id="kept-by-the-session",
            session=session,
            version=API_VERSION,
            object_pairs_hook=dict,
        )

    def call(self, path: str, method: str = "GET", **options: Any) -> Any:
        """A REST resource below ``/services/data/vXX.X/``; its JSON, or None where there is no body."""
        try:
            return self.salesforce.restful(path, method=method, **options)
        except SalesforceError as error:
            raise sorted_error(error) from error
        except ValueError as error:  # not JSON: a page of the edge or of a proxy
            raise CallFailed("Salesforce answered with a page instead of data.", is_answered=True) from error

    def get(self, path: str) -> Any:
        return self.call(path)

    def describe(self, name: str) -> dict[str, Any]:
        return self.call(f"sobjects/{name}/describe")

    def describes(self, names: Sequence[str]) -> dict[str, dict[str, Any]]:
        """Descriptions of several objects in one call, without those that the login does not see."""
        version = f"/services/data/v{API_VERSION}"
        requested = [
            {"method": "GET", "url": f"{version}/sobjects/{name}/describe", "referenceId": f"d{number}"}
            for number, name in enumerate(names)
        ]
        found: dict[str, dict[str, Any]] = {}
        for start in range(0, len(requested), REQUESTS_PER_CALL):
            some = requested[start : start + REQUESTS_PER_CALL]
            answer = self.call("composite", method="POST", json={"allOrNone": False, "compositeRequest": some})
            for part in answer["compositeResponse"]:
                if part["httpStatusCode"] == HTTPStatus.OK:
                    found[part["body"]["name"]] = part["body"]
                    continue
                error = sorted_error(SalesforceError("composite", part["httpStatusCode"], "describe", part["body"]))
                if not isinstance(error, RequestRefused):
                    raise error
        return found

    def page(self, soql: str, *, with_deleted: bool = False) -> dict[str, Any]:
        """One page of a query."""
        answer = self.call("queryAll" if with_deleted else "query", params={"q": soql})
        if not isinstance(answer, dict) or "records" not in answer:
            raise CallFailed("Salesforce answered a query with something else.")
        return answer

    def query(self, soql: str, *, with_deleted: bool = False) -> Iterator[dict[str, Any]]:
        """Every row of a query, page by page."""
        page = self.page(soql, with_deleted=with_deleted)
        yield from page["records"]
        while not page["done"]:
            page = self.call(f"query/{page['nextRecordsUrl'].rsplit('/', 1)[-1]}")
            yield from page["records"]

    def queries(self, soqls: Sequence[str]) -> list[list[dict[str, Any]]]:
        """The rows of several queries. Raises RequestRefused when one of them is refused."""
        answers = []
        for answer in self.try_queries(soqls):
            if isinstance(answer, RequestRefused):
                raise answer
            answers.append(answer)
        return answers

    def try_queries(
        self, soqls: Sequence[str], *, with_deleted: bool = False
    ) -> list[list[dict[str, Any]] | RequestRefused]:
        """The rows of several queries, or why one is refused.

        Five travel in the body of one call, so that none is too long for an address.
        """
        rows: list[list[dict[str, Any]] | RequestRefused] = []
        for start in range(0, len(soqls), QUERIES_PER_CALL):
            rows += self._composite(soqls[start : start + QUERIES_PER_CALL], "queryAll" if with_deleted else "query")
        return rows

    def bulk_part(self, path: str, params: dict[str, Any]) -> tuple[dict[str, Sequence[str]], str]:
        """A part of a bulk result, column by column, and the locator of the part after it; "" after the last one."""
        response = self._bulk("GET", path, params=params)
        locator = response.headers.get("Sforce-Locator", "null")
        # Text areas come with either line ending; nothing else tells the two apart.
        text = response.content.decode().replace("\r\n", "\n")
        names, *rows = csv.reader(io.StringIO(text, newline=""))
        columns = zip(*rows, strict=True) if rows else ((),) * len(names)
        return dict(zip(names, columns, strict=True)), "" if locator == "null" else locator

    def upload(self, path: str, rows: bytes) -> None:
        """Hand the rows of a bulk job over, as CSV."""
        self._bulk("PUT", path, data=rows, headers={"Content-Type": "text/csv"})

    def _bulk(self, method: str, path: str, **options: Any) -> requests.Response:
        response = self.session.request(method, f"{self.salesforce.base_url}{path}", **options)
        if not response.ok:
            raise sorted_error(SalesforceError(path, response.status_code, "bulk", _content(response)))
        return response

    def _composite(self, soqls: Sequence[str], resource: str) -> list[list[dict[str, Any]] | RequestRefused]:
        version = f"/services/data/v{API_VERSION}"
        requested = [
            {"method": "GET", "url": f"{version}/{resource}?q={percent_encode(soql)}", "referenceId": f"q{number}"}
            for number, soql in enumerate(soqls)
        ]
        answer = self.call("composite", method="POST", json={"allOrNone": False, "compositeRequest": requested})
        parts = {part["referenceId"]: part for part in answer["compositeResponse"]}
        return [self._all_rows(parts[f"q{number}"]) for number in range(len(soqls))]

    def _all_rows(self, part: dict[str, Any]) -> list[dict[str, Any]] | RequestRefused:
        if part["httpStatusCode"] != HTTPStatus.OK:
            error = sorted_error(SalesforceError("composite", part["httpStatusCode"], "query", part["body"]))
            if isinstance(error, RequestRefused):
                return error
            raise error
        page = part["body"]
        rows = list(page["records"])
        while not page["done"]:
            page = self.call(f"query/{page['nextRecordsUrl'].rsplit('/', 1)[-1]}")
            rows += page["records"]
        return rows
