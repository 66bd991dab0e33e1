"""org.json: what a client needs to reach this org. Secrets are made at the first start and kept."""

import json
import secrets
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

LOOPBACK = {"localhost", "127.0.0.1", "::1"}


@dataclass
class Settings:
    url: str = ""
    client_id: str = field(default_factory=lambda: f"3MVG9{secrets.token_hex(40)}")
    client_secret: str = field(default_factory=lambda: secrets.token_hex(32).upper())
    redirect_uris: list[str] = field(default_factory=list)
    daily_limit: int = 100_000
    session_seconds: int = 7200
    rotate_refresh_tokens: bool = False
    logins_per_hour: int = 3600  # of one user
    long_request_seconds: float = 20  # from when on a request counts as long-running
    long_requests: int = 25  # that may run at once
    clock_ahead: float = 0  # seconds that the org's clock is ahead of the machine's
    certificate: str = ""  # PEM; whose private key signs assertions of the JWT bearer grant
    visualforce_url: str = ""  # the host that Visualforce pages have to themselves
    visualforce_pages: list[dict[str, Any]] = field(default_factory=list)
    users: list[dict[str, str]] = field(default_factory=list)

    @classmethod
    def load(cls, folder: Path) -> "Settings":
        path = folder / "org.json"
        if not path.exists():
            return cls()
        known = json.loads(path.read_text(encoding="utf-8"))
        return cls(**{name: value for name, value in known.items() if name in cls.__dataclass_fields__})

    def save(self, folder: Path) -> None:
        path = folder / "org.json"
        partial = path.with_suffix(".tmp")
        partial.write_text(json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        partial.chmod(0o600)
        partial.replace(path)

    def add_redirect_uris(self, uris: list[str]) -> None:
        """Raises ValueError for http on a host other than this machine."""
        for uri in uris:
            parts = urlsplit(uri)
            if parts.scheme not in ("https", "http") or (parts.scheme == "http" and parts.hostname not in LOOPBACK):
                raise ValueError(f"a redirect URI must be https, or http on localhost: {uri}")
        self.redirect_uris = list(dict.fromkeys([*self.redirect_uris, *uris]))

    def password_of(self, username: str) -> str | None:
        wanted = username.lower()
        return next((user["password"] for user in self.users if user["username"].lower() == wanted), None)


def new_password() -> str:
    """Made up; of letters and digits, as the org demands of all."""
    return f"{secrets.token_urlsafe(9)}7a"
