"""Request headers that say how rules are to be taken."""

import re


def options(header: str) -> dict[str, str]:
    """ "allowSave=true; includeRecordDetails=true" -> the same by name, all in lower case."""
    pairs = (part.partition("=") for part in re.split(r"[;,]", header.lower()))
    return {name.strip(): value.strip() for name, _, value in pairs if name.strip()}
