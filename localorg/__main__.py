"""python -m localorg --port N --data DIR: serve a Salesforce org on this machine."""

import argparse
import socket
import sys
from pathlib import Path

from localorg import clock, server
from localorg.org import Org
from localorg.seed import keep_users, seed, size_of
from localorg.setup import SetupError, choose
from localorg.visualforce import endpoints as visualforce

EVERYWHERE = {"0.0.0.0", "::", ""}  # noqa: S104  # addresses to listen on are not addresses to call


def main(arguments: list[str] | None = None) -> int:
    options = _options(arguments)
    try:
        chosen = choose(options.org, options.data, options.reset)
        size = size_of(options.seed or chosen.setup.seed)
        org = Org(options.data, chosen.setup)
        org.settings.add_redirect_uris(options.redirect_uri)
    except SetupError as error:
        print(f"localorg: {options.org or options.data}: {error}", file=sys.stderr)
        return 2
    except ValueError as error:
        print(f"localorg: {error}", file=sys.stderr)
        return 2
    if options.reset or org.database.is_empty():
        seed(org, size, clock.today() if options.fresh else None)
        chosen.keep(options.data)
    keep_users(org)
    org.empty_old_bin()
    listener = _listen(options.host, options.port)
    org.settings.url = _url(options.host, listener)
    org.settings.visualforce_url = visualforce.origin(org)
    org.settings.save(org.folder)
    org.bulk.resume()
    server.run(org, listener, lambda: print(f"Local org is ready: {org.settings.url}", flush=True))
    org.close()
    return 0


def _options(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m localorg", description="A Salesforce org over HTTP on loopback.")
    parser.add_argument("--port", type=int, required=True, help="0 takes a free one")
    parser.add_argument("--data", type=Path, required=True, help="folder of the org's data and of org.json")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--org", help="plain, strict, large or the path of a file; kept for later starts")
    parser.add_argument("--seed", help="small, medium, large or a number of contacts; otherwise as the org's file says")
    parser.add_argument("--fresh", action="store_true", help="seed records that end today, not in 2025")
    parser.add_argument("--reset", action="store_true", help="seed again, whatever is there")
    parser.add_argument(
        "--redirect-uri", action="extend", nargs="+", default=[], help="an allowed OAuth callback; may be repeated"
    )
    return parser.parse_args(arguments)


def _listen(host: str, port: int) -> socket.socket:
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    return listener


def _url(host: str, listener: socket.socket) -> str:
    shown = "127.0.0.1" if host in EVERYWHERE else f"[{host}]" if ":" in host else host
    return f"http://{shown}:{listener.getsockname()[1]}"


if __name__ == "__main__":
    sys.exit(main())
