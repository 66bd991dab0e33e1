"""``make bench``: how fast it pulls and pushes here. ``python -m benchmarks 10000`` takes ten thousand contacts.

Real parts: an embedded PostgreSQL and a local org over HTTP, both in a temporary folder. One
process does what the workers do, so more workers do more.
"""

import os
import secrets
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import django
from cryptography.fernet import Fernet

from config import embedded
from tests.salesforce_org import Org

CONTACTS = 2_000


def main() -> int:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else CONTACTS
    with tempfile.TemporaryDirectory(prefix="tandem-bench-") as name:
        folder = Path(name)
        server = embedded.start(folder / "postgres")
        org = Org(folder / "localorg", seed=str(count))
        try:
            org.sign_in()
            _set_up(folder, embedded.database_url(server, "bench"), org)
            for line in import_module("benchmarks.rounds").run(org):
                print(line, flush=True)
        finally:
            org.stop()
            server.stop()
    return 0


def _set_up(folder: Path, database_url: str, org: Org) -> None:
    os.environ |= {
        "DATA_DIR": str(folder),
        "DATABASE_URL": database_url,
        "DEMO": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "LOG_LEVEL": "WARNING",
        "SALESFORCE_CLIENT_ID": org.client_id,
        "SALESFORCE_CLIENT_SECRET": org.client_secret,
        "SALESFORCE_LOCAL_ORG": org.url,
        "SALESFORCE_LOGIN_URL": org.url,
        "SECRET_KEY": secrets.token_urlsafe(50),
        "SITE_URL": "http://localhost",
        "TOKEN_KEYS": Fernet.generate_key().decode(),
    }
    django.setup()
    import_module("django.core.management").call_command("migrate", verbosity=0)


if __name__ == "__main__":
    sys.exit(main())
