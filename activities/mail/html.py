"""HTML that somebody else wrote: made harmless, without pictures (they tell the sender who looks), and as text."""

import re
from html import unescape

import nh3

LINE_ENDS = re.compile(r"<(?:br|hr|/p|/div|/tr|/li|/h\d|/blockquote|/pre|/table)\b[^>]*>", re.IGNORECASE)
TAGS = nh3.ALLOWED_TAGS - {"img", "map", "area"}
SCHEMES = {"http", "https", "mailto", "tel"}
MOST_TAGS = 15_000  # the time that it takes grows with the square of how many lie in one another


def sanitised(html: str) -> str:
    if not html.strip():
        return ""
    html = "<".join(html.split("<", MOST_TAGS)[:MOST_TAGS])
    clean = nh3.clean(html, tags=TAGS, url_schemes=SCHEMES, link_rel="noopener noreferrer nofollow")
    return clean.replace("\x00", "").strip()


def text_of(html: str) -> str:
    """The text of sanitised HTML, with its lines."""
    lines = LINE_ENDS.sub("\n", re.sub(r"\s+", " ", html))
    text = unescape(re.sub(r"<[^>]*>", "", lines)).replace("\xa0", " ").replace("\x00", "")
    return re.sub(r"\n{3,}", "\n\n", "\n".join(line.strip() for line in text.split("\n"))).strip()
