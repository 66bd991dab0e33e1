"""Values as people read and type them. Times are GMT, the time zone of the org."""

from typing import Any

from markupsafe import Markup, escape

from localorg import clock
from localorg.schema import Field
from localorg.schema.model import FLOATS

EMPTY = Markup('<span class="none" aria-label="empty">–</span>')
YES, NO = Markup('<span class="yes" role="img" aria-label="Yes">✓</span>'), Markup('<span class="none">No</span>')
KILO = 1024
# Status of an e-mail message is a digit
LABELS = {
    ("Status", "0"): "New",
    ("Status", "1"): "Read",
    ("Status", "2"): "Replied",
    ("Status", "3"): "Sent",
    ("Status", "4"): "Forwarded",
    ("Status", "5"): "Draft",
}


def shown(value: Any, field: Field) -> Markup | str:
    """A value that JSON holds, for reading."""
    if value is None or value == "":
        return EMPTY
    match field.type:
        case "boolean":
            return YES if value else NO
        case "datetime":
            return clock.read(value).strftime("%Y-%m-%d %H:%M")
        case "address":
            return _address(value)
        case "email":
            return Markup('<a href="mailto:{0}">{0}</a>').format(value)
        case "url":
            return _url(str(value))
        case "textarea":
            return Markup('<span class="lines">{}</span>').format(str(value).replace("\r\n", "\n"))
        case "percent":
            return f"{number(value)} %"
    if field.name in ("ContentSize", "BodyLength"):
        return size(value)
    return number(value) if isinstance(value, float) else LABELS.get((field.name, value), str(value))


def typed(value: Any, field: Field) -> str:
    """The same in a form."""
    if value is None:
        return ""
    if field.type == "datetime":
        return clock.read(value).strftime("%Y-%m-%dT%H:%M:%S").removesuffix(":00")
    return number(value, separator="") if field.type in FLOATS else str(value)


def written(text: str, field: Field) -> str | None:
    """What a person typed, as JSON would hold it: "" is null, moments say that they are GMT."""
    if not text:
        return None
    if field.type == "datetime" and "T" in text and not text.endswith("Z"):
        return f"{text}:00Z" if text.count(":") == 1 else f"{text}Z"
    return text.replace(",", "") if field.type in FLOATS else text


def number(value: float, separator: str = ",") -> str:
    """12500.0 -> 12,500; 0.5 -> 0.5."""
    return f"{value:{separator}.15f}".rstrip("0").rstrip(".")


def size(count: int) -> str:
    """Bytes for people: 1536 -> 1.5 KB."""
    amount, unit = float(count), "B"
    for larger in ("KB", "MB", "GB"):
        if amount < KILO:
            break
        amount, unit = amount / KILO, larger
    return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"


def _address(parts: dict[str, Any]) -> Markup:
    town = " ".join(str(parts[name]) for name in ("postalCode", "city") if parts.get(name))
    lines = [parts.get("street"), town, parts.get("state"), parts.get("country")]
    return Markup("<br>").join(escape(line) for line in lines if line)


def _url(text: str) -> Markup:
    if "://" not in text:
        target = f"https://{text}"
    elif text.startswith(("http://", "https://")):
        target = text
    else:
        return escape(text)
    return Markup('<a href="{}" rel="noopener noreferrer" target="_blank">{}</a>').format(target, text)
