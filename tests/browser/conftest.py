"""A real Chromium on a real demo: web server, workers, PostgreSQL and local org as ``make demo`` starts them."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.programs import free_port
from tests.salesforce_org import ROOT, RunningOrg

PASSWORD = "tandem-demo"


@dataclass
class Demo:
    url: str
    folder: Path
    process: subprocess.Popen[str]

    @property
    def org(self) -> RunningOrg:
        org = RunningOrg(self.folder / "localorg")
        org.sign_in()
        return org

    def manage(self, *arguments: str) -> str:
        """What a person would run beside the demo."""
        environment = {**clean_environment(), "DATA_DIR": str(self.folder)}
        command = [sys.executable, "manage.py", *arguments]
        return subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, text=True).stdout


def clean_environment() -> dict[str, str]:
    """The environment without what the tests set for themselves."""
    ours = {"DATABASE_URL", "SECRET_KEY", "TOKEN_KEYS", "SITE_URL", "ALLOWED_HOSTS", "EMAIL_URL", "DEMO", "DATA_DIR"}
    return {
        name: value for name, value in os.environ.items() if name not in ours and not name.startswith("SALESFORCE_")
    }


@pytest.fixture(scope="session")
def demo() -> Iterator[Demo]:
    # Not pytest's own folder: that is its user's alone, and PostgreSQL does not run as root.
    folder = Path(tempfile.mkdtemp(prefix="tandem-demo-"))
    port, org_port = free_port(), free_port()
    environment = {**clean_environment(), "DATA_DIR": str(folder), "PORT": str(port), "ORG_PORT": str(org_port)}
    process = subprocess.Popen(
        [sys.executable, "-m", "config.demo"], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C ends everything" in line:
            break
    assert any(line == f"Tandem is ready: http://localhost:{port}\n" for line in lines), "".join(lines)
    yield Demo(f"http://localhost:{port}", folder, process)
    process.send_signal(signal.SIGTERM)
    process.communicate(timeout=40)
    assert process.returncode == 0
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def page(browser: Browser, demo: Demo) -> Iterator[Page]:
    """A signed-in admin's page. What the browser complains of (CSP, scripts) fails the test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.set_default_timeout(10_000)
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(demo.url)
    page.locator("input[name=login]").fill("admin@example.com")
    page.locator("input[name=password]").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{demo.url}/")
    yield page
    context.close()
    # The org's own pages have no icon; everything else must be silent.
    assert not [complaint for complaint in complaints if "404" not in complaint]
