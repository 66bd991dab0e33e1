"""The org's settings, limits and clock, changed while it runs."""

from collections.abc import Mapping
from typing import Any

from localorg import clock
from localorg.auth import assertions
from localorg.org import Org
from localorg.visualforce import pages
from localorg.visualforce.pages import Page

SETTINGS = (
    "daily_limit",
    "session_seconds",
    "rotate_refresh_tokens",
    "redirect_uris",
    "certificate",
    "logins_per_hour",
    "long_request_seconds",
    "long_requests",
    "visualforce_pages",
)
# The least of what is a number; nothing is above MOST.
LEAST = {
    "daily_limit": 0,
    "used": 0,
    "session_seconds": 1,
    "logins_per_hour": 0,
    "long_request_seconds": 0,
    "long_requests": 1,
}
MOST = 2**31
FARTHEST = 10 * 365 * 24 * 3600  # seconds: as far as the clock can be put


def shown(org: Org) -> dict[str, Any]:
    return {name: getattr(org.settings, name) for name in SETTINGS} | {"used": org.calls.used}


def change(org: Org, given: Any) -> None:
    """Raises ValueError for what there is no switch for and for values that mean nothing; then nothing is changed."""
    if not isinstance(given, dict):
        raise ValueError("settings are an object")
    changes = {name: _checked(name, value) for name, value in given.items()}
    if "used" in changes:
        org.calls.used = changes.pop("used")
    org.settings.add_redirect_uris(changes.pop("redirect_uris", []))
    if "visualforce_pages" in changes:
        pages.keep(org, _pages(org, changes.pop("visualforce_pages")))
    for name, value in changes.items():
        setattr(org.settings, name, value)
    org.apply_settings()
    org.settings.save(org.folder)


def set_clock(org: Org, given: Any) -> None:
    """``{"advance": seconds}`` from where it is, or ``{"ahead": seconds}`` of the machine's. Raises ValueError."""
    if not isinstance(given, dict) or len(given) != 1 or not set(given) <= {"advance", "ahead"}:
        raise ValueError("say advance or ahead, in seconds")
    ((name, seconds),) = given.items()
    if not _is_number(seconds):
        raise ValueError(f"{name} must be a number of seconds")
    ahead = seconds + (org.settings.clock_ahead if name == "advance" else 0)
    if not abs(ahead) <= FARTHEST:
        raise ValueError("the clock goes ten years either way")
    org.settings.clock_ahead = ahead
    org.apply_settings()
    org.settings.save(org.folder)
    org.empty_old_bin()


def clock_shown() -> Mapping[str, Any]:
    return {"now": clock.stored(clock.now()), "ahead": clock.ahead()}


def _pages(org: Org, given: list[Any]) -> list[Page]:
    """Raises ValueError for a page that Setup would refuse, and for two of one name."""
    read = [pages.read(page, org.schema) for page in given]
    if len({page.name.lower() for page in read}) < len(read):
        raise ValueError("two pages have the same name")
    return read


def _checked(name: str, value: Any) -> Any:
    match name:
        case "redirect_uris" if isinstance(value, list) and all(isinstance(uri, str) for uri in value):
            return value
        case "rotate_refresh_tokens" if isinstance(value, bool):
            return value
        case "visualforce_pages" if isinstance(value, list):
            return value
        case "certificate" if isinstance(value, str):
            if value:
                assertions.public_key(value)
            return value
        case "long_request_seconds" if _is_number(value) and LEAST[name] <= value <= MOST:
            return value
        case _ if name in LEAST and _is_number(value) and value == int(value) and LEAST[name] <= value <= MOST:
            return int(value)
    known = name in LEAST or name in SETTINGS
    raise ValueError(f"{name} cannot be {value!r}" if known else f"no such setting: {name}")


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)
