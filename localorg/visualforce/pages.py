"""The org's Visualforce pages: which there are, where they stand, and what keeps one from being saved."""

import re
from dataclasses import asdict, dataclass
from typing import Any

from localorg.org import Org
from localorg.schema import Schema, SObject
from localorg.visualforce import markup
from localorg.visualforce.markup import MarkupError

HEIGHT = 450  # pixels of the component on a record page, unless its administrator said otherwise
LEAST_HEIGHT, MOST_HEIGHT = 50, 5000
LONGEST_MARKUP = 1_000_000
GLOBAL = {  # names that every page may use
    "$user.id": "Id",
    "$user.email": "Email",
    "$user.firstname": "FirstName",
    "$user.lastname": "LastName",
    "$user.username": "Username",
}
ORGANIZATION = {"$organization.id": "Id", "$organization.name": "Name"}
PARAMETER = "$currentpage.parameters."

_NAME = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:_[A-Za-z0-9]+)*\Z")


class PageError(ValueError):
    """What is wrong with a page; ``field`` is the input at fault."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True)
class Page:
    """``name``: as in its address, /apex/Name. ``height``: pixels that it gets on a record page."""

    name: str
    label: str
    markup: str
    height: int = HEIGHT


def every(org: Org) -> list[Page]:
    return [Page(**page) for page in org.settings.visualforce_pages]


def find(org: Org, name: str) -> Page | None:
    return next((page for page in every(org) if page.name.lower() == name.lower()), None)


def of_object(org: Org, sobject: SObject) -> list[Page]:
    """The pages that stand on an object's record pages."""
    return [page for page in every(org) if controller_of(page) == sobject.name]


def controller_of(page: Page) -> str | None:
    return markup.controller(markup.parse(page.markup))


def read(given: Any, schema: Schema) -> Page:
    """A page as JSON tells it. Raises PageError for one that would not work."""
    if not isinstance(given, dict) or not given.keys() <= Page.__dataclass_fields__.keys():
        raise PageError("name", "a page has name, label, markup and height")
    texts = {name: given.get(name, "") for name in ("name", "label", "markup")}
    height = given.get("height", HEIGHT)
    if not all(isinstance(text, str) for text in texts.values()):
        raise PageError("name", "name, label and markup are texts")
    if isinstance(height, bool) or not isinstance(height, int) or not LEAST_HEIGHT <= height <= MOST_HEIGHT:
        raise PageError("height", f"The height is a number of pixels from {LEAST_HEIGHT} to {MOST_HEIGHT}.")
    page = Page(texts["name"].strip(), texts["label"].strip() or texts["name"].strip(), texts["markup"], height)
    _check(page, schema)
    return page


def save(org: Org, page: Page, instead_of: str | None = None) -> None:
    """Add a page, or put it in the place of the one that had this name. Raises PageError for a name that is taken."""
    others = [one for one in every(org) if one.name != instead_of]
    if any(one.name.lower() == page.name.lower() for one in others):
        raise PageError("name", f"There is already a page {page.name}.")
    keep(org, [*others, page])


def remove(org: Org, name: str) -> None:
    keep(org, [page for page in every(org) if page.name != name])


def keep(org: Org, pages: list[Page]) -> None:
    org.settings.visualforce_pages = [asdict(page) for page in pages]
    org.settings.save(org.folder)


def _check(page: Page, schema: Schema) -> None:
    if not _NAME.match(page.name):
        raise PageError("name", "A name has letters, digits and single underscores, and begins with a letter.")
    if len(page.markup) > LONGEST_MARKUP:
        raise PageError("markup", f"The markup is longer than {LONGEST_MARKUP:,} characters.")
    try:
        parsed = markup.parse(page.markup)
        wanted = markup.controller(parsed)
        sobject = schema.find(wanted) if wanted else None
        if wanted and (sobject is None or sobject.name != wanted):
            raise MarkupError(f"{wanted} does not exist, or is not spelt as its object")
        for name in markup.names(parsed):
            check_name(name, sobject)
    except MarkupError as error:
        raise PageError("markup", f"Error: {error}") from None


def check_name(name: str, sobject: SObject | None) -> None:
    """Raises MarkupError for what no page could mean."""
    known = name.lower() in GLOBAL or name.lower() in ORGANIZATION or name.lower().startswith(PARAMETER)
    if known:
        return
    first, *rest = name.split(".")
    if sobject is None or first.lower() != sobject.name.lower():
        raise MarkupError(f"Unknown property '{name}'")
    if len(rest) == 1 and sobject.find(rest[0]) is None:
        raise MarkupError(f"Invalid field {rest[0]} for SObject {sobject.name}")
    if len(rest) > 1 and rest[0].lower() not in sobject.by_relationship:
        raise MarkupError(f"Invalid field {rest[0]} for SObject {sobject.name}")
