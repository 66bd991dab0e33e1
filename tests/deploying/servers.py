"""Servers as a distribution ships them, each with data of its own and nothing of the machine's."""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from tests.deploying.fleet import Member
from tests.deploying.installation import until
from tests.programs import free_port, needs

# Debian keeps the server's programs out of everybody's path.
DEBIAN = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
SETTINGS = {"fsync": "off", "unix_socket_directories": "", "listen_addresses": "127.0.0.1", "timezone": "UTC"}


@contextmanager
def postgresql() -> Iterator[str]:
    """The address of Debian's PostgreSQL."""
    initdb = Path(needs("initdb", "postgresql", path=os.pathsep.join([*DEBIAN, os.environ["PATH"]]))).resolve()
    # Not pytest's own folder: that is its user's alone, and PostgreSQL does not run as root.
    folder, port = Path(tempfile.mkdtemp(prefix="tandem-postgresql-")), free_port()
    shutil.chown(folder, _unprivileged())
    data, log = folder / "data", (folder / "log").open("w")
    as_user = {"user": _unprivileged(), "cwd": folder, "stdout": log, "stderr": log}
    arguments = ["--pgdata", str(data), "--username=tandem", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8"]
    subprocess.run([str(initdb), *arguments, "--no-sync"], check=True, **as_user)
    options = [f"--{name}={value}" for name, value in (SETTINGS | {"port": str(port)}).items()]
    server = subprocess.Popen([str(initdb.parent / "postgres"), "-D", str(data), *options], **as_user)
    try:
        until(lambda: _accepts(port))
        yield _address(port)
    finally:
        server.kill()
        server.wait()
        log.close()
        shutil.rmtree(folder)


def redis_server(port: int, folder: Path) -> Member:
    """A Redis that keeps nothing."""
    command = [needs("redis-server", "redis-server"), "--port", str(port), "--bind", "127.0.0.1"]
    return Member("redis", [*command, "--save", "", "--dir", str(folder)], os.environ, folder / "redis.log")


def _unprivileged() -> str:
    """Whom PostgreSQL runs as: its package's user, where everything here runs as root."""
    return "postgres" if os.geteuid() == 0 else pwd.getpwuid(os.geteuid()).pw_name


def database(server: str, name: str, *, template: str = "template1") -> str:
    """The address of a new database."""
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
    return f"{server}/{name}"


def _address(port: int) -> str:
    return f"postgresql://tandem@127.0.0.1:{port}"


def _accepts(port: int) -> bool:
    try:
        psycopg.connect(f"{_address(port)}/postgres").close()
    except psycopg.OperationalError:
        return False
    return True
