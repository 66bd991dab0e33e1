"""Markup -> HTML: an apex:page of plain HTML, apex:iframe and apex:outputText, all with merge fields.

Like the real compiler it wants well-formed XML, so a & in an address must be written &amp;.
"""

from collections.abc import Iterator
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from localorg.visualforce import expressions
from localorg.visualforce.expressions import ExpressionError, Values

APEX = "{urn:apex}"
DOCTYPE = b"<!DOCTYPE html>\n"
SHOWN = {  # the attributes that each component may have
    "page": {"standardController", "showHeader", "sidebar", "title", "id", "lightningStylesheets", "docType"},
    "iframe": {"src", "height", "width", "frameborder", "scrolling", "title", "id"},
    "outputText": {"value", "id"},
}
HEIGHT, WIDTH = "600px", "100%"  # of an apex:iframe that says nothing


class MarkupError(ValueError):
    """What is wrong with the markup, in words for whoever wrote it."""


def parse(markup: str) -> Element:
    """The apex:page. Raises MarkupError."""
    try:
        root = fromstring(f'<root xmlns:apex="urn:apex">{markup}</root>')
    except ParseError as error:
        problem = str(error).partition(":")[0].capitalize()
        raise MarkupError(f"{problem} at line {error.position[0]}") from None
    except DefusedXmlException:
        raise MarkupError("Entities and document types cannot be declared in a page") from None
    if len(root) != 1 or root[0].tag != f"{APEX}page" or (root.text or "").strip() or (root[0].tail or "").strip():
        raise MarkupError("A page is one <apex:page> with everything inside")
    for element in root.iter():
        _check(element)
    return root[0]


def controller(page: Element) -> str | None:
    """The object whose records the page can stand on."""
    return page.get("standardController")


def names(page: Element) -> Iterator[str]:
    """The names that the page's merge fields ask for. Raises MarkupError."""
    try:
        for text in _texts(page):
            yield from expressions.names(text)
    except ExpressionError as error:
        raise MarkupError(str(error)) from None


def render(page: Element, title: str, value_of: Values) -> bytes:
    """A whole document, in UTF-8. Raises MarkupError for a merge field that cannot be."""
    html = Element("html", lang="en")
    head, body = SubElement(html, "head"), SubElement(html, "body", style="margin: 0; padding: 8px")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "title").text = page.get("title") or title
    _copy(page, body, value_of)
    content: bytes = tostring(html, encoding="utf-8", method="html")
    return DOCTYPE + content


def _check(element: Element) -> None:
    if not element.tag.startswith(APEX):
        return
    component = element.tag.removeprefix(APEX)
    if component not in SHOWN:
        raise MarkupError(f"Unknown component <apex:{component}>; this org knows {', '.join(sorted(SHOWN))}")
    if unknown := set(element.attrib) - SHOWN[component]:
        raise MarkupError(f"Unsupported attribute {min(unknown)} in <apex:{component}>")


def _texts(page: Element) -> Iterator[str]:
    for element in page.iter():
        yield from element.attrib.values()
        yield element.text or ""
        if element is not page:
            yield element.tail or ""


def _copy(element: Element, into: Element, value_of: Values) -> None:
    """Text and children of an element, with components as the HTML that they mean."""
    into.text = expressions.fill(element.text or "", value_of)
    for child in element:
        attributes = {name: expressions.fill(value, value_of) for name, value in child.attrib.items()}
        made = SubElement(into, *_html(child.tag, attributes))
        _copy(child, made, value_of)
        if child.tag == f"{APEX}outputText":
            made.text = attributes.get("value", "")
        made.tail = expressions.fill(child.tail or "", value_of)


def _html(tag: str, given: dict[str, str]) -> tuple[str, dict[str, str]]:
    match tag.removeprefix(APEX) if tag.startswith(APEX) else None:
        case None:
            return tag, given
        case "iframe":
            return "iframe", {
                "src": given.get("src", ""),
                "height": given.get("height", HEIGHT).removesuffix("px"),
                "width": given.get("width", WIDTH).removesuffix("px"),
                "frameborder": "1" if given.get("frameborder") == "true" else "0",
                "scrolling": "no" if given.get("scrolling") == "false" else "yes",
                "title": given.get("title", "Content"),
            }
    return "span", {}
