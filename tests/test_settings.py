"""Starting as in production: what is refused, what is checked, what browsers are told. Each in a process of its own."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

ROOT = Path(__file__).resolve().parent.parent
PRODUCTION = {
    "SECRET_KEY": "of-tests-0123456789-abcdefghijklmnopqrstuvwxyz-ABCDEFGHIJ",
    "TOKEN_KEYS": Fernet.generate_key().decode(),
    "DATABASE_URL": "postgresql://tandem:secret@127.0.0.1:1/tandem",  # nobody listens there
    "SITE_URL": "https://crm.example.com",
}
SIGN_IN = """
import json
import django
django.setup()
from django.test import Client
response = Client(headers={"host": "crm.example.com"}).get("/auth/login/", secure=True)
told = ("secure", "samesite", "httponly")
cookies = {name: [cookie[one] for one in told] for name, cookie in response.cookies.items()}
insecure = Client(headers={"host": "crm.example.com"}).get("/auth/login/")
stranger = Client(headers={"host": "evil.example.com"}).get("/auth/login/", secure=True)
print(json.dumps({
    "status": response.status_code, "headers": dict(response.headers), "cookies": cookies,
    "insecure": [insecure.status_code, insecure.headers.get("Location")], "stranger": stranger.status_code,
}))
"""


def run(folder: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run with nothing of ours in the environment; ``folder`` has no demo.env."""
    clean = {
        "PATH": os.environ["PATH"],
        "DATA_DIR": str(folder),
        "STATIC_ROOT": str(folder / "static"),
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env=clean | environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )


@pytest.mark.parametrize("name", ["SECRET_KEY", "TOKEN_KEYS", "DATABASE_URL"])
@pytest.mark.parametrize("value", [None, ""])
def test_it_does_not_start_without_what_has_no_default(tmp_path: Path, name: str, value: str | None) -> None:
    environment = {key: text for key, text in PRODUCTION.items() if key != name}
    environment |= {} if value is None else {name: value}

    ended = run(tmp_path, "manage.py", "check", **environment)

    assert ended.returncode == 1
    assert f"Set {name} in the environment" in ended.stderr


def test_it_does_not_start_with_a_key_that_encrypts_nothing(tmp_path: Path) -> None:
    ended = run(tmp_path, "manage.py", "check", **PRODUCTION | {"TOKEN_KEYS": "not-a-key"})

    assert ended.returncode == 1
    assert "TOKEN_KEYS must be Fernet keys" in ended.stderr
    assert "not-a-key" not in ended.stderr


def test_old_keys_may_stand_behind_the_new_one(tmp_path: Path) -> None:
    keys = f"{PRODUCTION['TOKEN_KEYS']}, {Fernet.generate_key().decode()}"

    assert run(tmp_path, "manage.py", "check", **PRODUCTION | {"TOKEN_KEYS": keys}).returncode == 0


@pytest.mark.parametrize("redis", ["", "redis://127.0.0.1:1/0"])
def test_the_deployment_check_finds_nothing(tmp_path: Path, redis: str) -> None:
    environment = PRODUCTION | {"REDIS_URL": redis}
    ended = run(tmp_path, "manage.py", "check", "--deploy", "--fail-level", "WARNING", **environment)

    assert ended.returncode == 0, ended.stderr


def test_browsers_are_told_to_be_careful(tmp_path: Path) -> None:
    collected = run(tmp_path, "manage.py", "collectstatic", "--noinput", "--verbosity", "0", **PRODUCTION)
    assert collected.returncode == 0, collected.stderr

    ended = run(tmp_path, "-c", SIGN_IN, **PRODUCTION)

    assert ended.returncode == 0, ended.stderr
    answer = json.loads(ended.stdout.splitlines()[-1])
    headers = answer["headers"]
    policy = dict(part.strip().partition(" ")[::2] for part in headers["Content-Security-Policy"].split(";"))
    assert answer["status"] == 200
    assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert policy["default-src"] == policy["base-uri"] == policy["frame-ancestors"] == "'none'"
    assert policy["script-src"].startswith("'self' 'nonce-")
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert "no-store" in headers["Cache-Control"]
    assert {"camera=()", "geolocation=()", "payment=()"} <= set(headers["Permissions-Policy"].split(", "))
    assert answer["cookies"] == {"__Host-csrftoken": [True, "Lax", True]}
    assert answer["insecure"] == [301, "https://crm.example.com/auth/login/"]
    assert answer["stranger"] == 400


def test_session_cookies_are_secure(tmp_path: Path) -> None:
    names = [f"SESSION_COOKIE_{name}" for name in ("NAME", "SECURE", "HTTPONLY", "SAMESITE")]
    code = "from django.conf import settings as s; print(" + ", ".join(f"s.{name}" for name in [*names, "DEBUG"]) + ")"

    assert run(tmp_path, "-c", code, **PRODUCTION).stdout == "__Host-sessionid True True Lax False\n"
