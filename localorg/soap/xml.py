"""XML read safely and written by hand: clients look for Salesforce's own prefixes, which libraries choose anew."""

import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element, ParseError  # only names: defusedxml does the parsing
from xml.sax.saxutils import escape, quoteattr

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

_UNSPEAKABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # no XML may hold these


class NotXml(ValueError):
    """Bytes that are no XML, or XML that tries something."""


def read(content: bytes) -> Element:
    """The root element. Raises NotXml, also for document types and entities of the sender's own."""
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise NotXml(str(error)) from None
    return root


def name_of(element: Element) -> str:
    """The local name: prefixes and namespaces differ from client to client."""
    return str(element.tag).rpartition("}")[2]


def children(element: Element, name: str) -> Iterator[Element]:
    return (child for child in element if name_of(child) == name)


def child(element: Element | None, name: str) -> Element | None:
    return None if element is None else next(children(element, name), None)


def text(element: Element | None, name: str) -> str:
    found = child(element, name)
    return "" if found is None else (found.text or "").strip()


def is_nil(element: Element) -> bool:
    return element.get(XSI_NIL) in ("true", "1")


def tag(name: str, content: str = "", **attributes: str) -> str:
    """An element around content that is XML already; ``xsi_type`` becomes xsi:type."""
    given = "".join(f" {key.replace('_', ':')}={quoteattr(value)}" for key, value in attributes.items())
    return f"<{name}{given}>{content}</{name}>" if content else f"<{name}{given}/>"


def leaf(name: str, value: Any) -> str:
    """An element around a value; None is told by xsi:nil."""
    if value is None:
        return f'<{name} xsi:nil="true"/>'
    shown = str(value).lower() if isinstance(value, bool) else str(value)
    return tag(name, escape(_UNSPEAKABLE.sub("", shown)))
