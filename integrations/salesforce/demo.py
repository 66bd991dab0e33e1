"""The local org of a demo: what it takes to connect to it, as ``python -m localorg`` writes it down."""

import json
from dataclasses import dataclass
from typing import Any

from django.conf import settings


@dataclass(frozen=True)
class LocalOrg:
    url: str
    client_id: str
    client_secret: str
    users: list[dict[str, Any]]


def local_org() -> LocalOrg | None:
    """None outside a demo, and while its local org has not started yet."""
    if not (settings.DEMO and settings.SALESFORCE_LOCAL_ORG):
        return None
    try:
        content = json.loads((settings.DATA_DIR / "localorg" / "org.json").read_text())
        return LocalOrg(settings.SALESFORCE_LOCAL_ORG, content["client_id"], content["client_secret"], content["users"])
    except (OSError, ValueError, KeyError):
        return None
