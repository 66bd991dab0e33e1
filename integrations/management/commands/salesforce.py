"""The sync from the shell: status, pull, push, settings, connect. Exit codes: 0 done, 1 incomplete, 2 refused."""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from pathlib import Path
from time import sleep
from typing import Any

import pghistory
from django.core.management.base import BaseCommand
from django.db import transaction

from integrations import connecting, deletions, everything, logins, rehearsal, restoring, services, tasks, tuning
from integrations.configuration import export, importing
from integrations.configuration.text import write
from integrations.doctor.examining import examine
from integrations.doctor.parity import SAMPLE
from integrations.doctor.telling import told
from integrations.models import Connection, Credential, HeldDeletions, Lane, ObjectSettings, Outbox, Run, SyncedKind
from integrations.salesforce import oauth, permission_set
from integrations.status import status
from integrations.sync.activities.objects import ACTIVITY_OBJECTS
from integrations.sync.provider import ProviderError
from integrations.sync.records import KINDS
from users.models import User

DONE, INCOMPLETE, REFUSED = 0, 1, 2


class Command(BaseCommand):
    help = "Salesforce: status, pull, push, settings as a text, connect."

    def add_arguments(self, parser: ArgumentParser) -> None:
        commands = parser.add_subparsers(dest="action", required=True)
        show = commands.add_parser("status", help="How the sync stands.")
        show.add_argument("--json", action="store_true")
        for name in ("pull", "push"):
            mover = commands.add_parser(name, help=f"{name.capitalize()} now; returns when finished.")
            mover.add_argument("object", nargs="?", default="", choices=["", *KINDS, *ACTIVITY_OBJECTS])
            mover.add_argument("--all", action="store_true", help="Everything there is, not only what changed.")
            mover.add_argument("--dry-run", action="store_true", help="Only say what would be done.")
        held = commands.add_parser("deletions", help="Deletions that wait for an admin, because there are so many.")
        decision = held.add_mutually_exclusive_group()
        decision.add_argument("--confirm", type=int, metavar="ID", help="Let them through.")
        decision.add_argument("--refuse", type=int, metavar="ID", help="Let the records stay.")
        config = commands.add_parser("config", help="All settings as a text.").add_subparsers(dest="way", required=True)
        out = config.add_parser("export", help="Write them to a file, or to the screen.")
        out.add_argument("file", nargs="?", default="-")
        into = config.add_parser("import", help="Take them over from a file, or from standard input (-).")
        into.add_argument("file")
        into.add_argument("--dry-run", action="store_true", help="Only say what would change.")
        doctor = commands.add_parser(
            "doctor", help="Find what is wrong, and mend what is safe. Exit code 1: something is."
        )
        doctor.add_argument("--mend", action="store_true", help="Free dead claims, sync again what differs.")
        doctor.add_argument("--json", action="store_true")
        doctor.add_argument("--offline", action="store_true", help="Do not ask Salesforce.")
        doctor.add_argument(
            "--sample", type=int, default=SAMPLE, help="Records of each object to compare, 2000 at most."
        )
        commands.add_parser("restored", help="After a backup was restored, before any worker starts.")
        rights = commands.add_parser("permission-set", help="A permission set for exactly what is mapped, as a ZIP.")
        rights.add_argument("file", nargs="?", default=permission_set.FILE)
        connect = commands.add_parser("connect", help="Connect an org without a browser.")
        connect.add_argument("--login-url", required=True)
        connect.add_argument("--client-credentials", action="store_true", required=True)
        connect.add_argument("--client-id", default="")
        connect.add_argument("--client-secret", default="")
        connect.add_argument("--push-contacts", action="store_true", help="Turn pushing contacts on, as Contact.")
        connect.add_argument("--pull-deals", action="store_true", help="Turn pulling deals on.")
        connect.add_argument("--start", action="store_true", help="End the setup window at once.")

    def handle(self, *args: Any, action: str, **options: Any) -> None:
        try:
            with pghistory.context(source=f"manage.py salesforce {action}"):
                code = getattr(self, action.replace("-", "_"))(**options)
        except (services.Refused, oauth.LoginRefused) as error:
            self.stderr.write(str(error))
            code = REFUSED
        except ProviderError as error:
            self.stderr.write(error.reason)
            code = INCOMPLETE
        sys.exit(code)

    def status(self, **options: Any) -> int:
        found = status()
        if options["json"]:
            self.stdout.write(json.dumps(found, indent=2))
            return DONE
        for name, part in found.items():
            self.stdout.write(f"{name}: {part}")
        return DONE

    def pull(self, **options: Any) -> int:
        connection = self._ready(services.pull_refusal(Connection.objects.first()))
        names = [options["object"]] if options["object"] else list(tasks.PULL_ORDER)
        names = list(connection.cursors.filter(remote_object__in=names).values_list("remote_object", flat=True))
        if not names:
            raise services.Refused(services.NOT_PULLED)
        if options["dry_run"]:
            return self._tell(rehearsal.pull(connection, names, everything=options["all"]))
        if options["all"]:
            services.read_everything(connection.cursors.filter(remote_object__in=names))
        return self._tell([self._pull(name) for name in sorted(names, key=tasks.PULL_ORDER.index)])

    def _pull(self, name: str) -> Run | None:
        """Pull one object whole; waits for a puller that is at it, and says None when the org can't be asked now."""
        while True:
            runs = tasks.pull_due(only=name, is_forced=True)
            if not runs and not _is_leased(name):
                return None
            if runs and runs[0].state != Run.State.RUNNING:
                return runs[0]
            sleep(0.2)

    def push(self, **options: Any) -> int:
        connection = self._ready(services.pull_refusal(Connection.objects.first()))
        names = [options["object"]] if options["object"] else [*KINDS, *ACTIVITY_OBJECTS]
        kinds: list[str] = list(dict.fromkeys(KINDS[name] for name in names if name in KINDS))
        if options["all"] and (not options["object"] or options["object"] in ACTIVITY_OBJECTS):
            kinds.append(SyncedKind.ACTIVITY)
        if options["dry_run"]:
            return self._tell([rehearsal.push(connection, kinds if options["all"] else ())])
        if options["all"]:
            with transaction.atomic():
                everything.start(connection, kinds, None)
                while everything.mark_some(connection):
                    pass
        return self._push(names)

    def _push(self, names: list[str]) -> int:
        """Go on until nothing of these objects is due. Of others goes only what they wait for."""
        newest = Run.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
        due = Outbox.objects.due().filter(remote_object__in=names)
        while due.exists() and not Connection.objects.get().is_paused and not _is_stuck(due):
            pushed = Run.objects.order_by("-pk").values_list("pk", flat=True).first()
            for lane in Lane:
                tasks.push_lane(lane, only=names)
            if pushed == Run.objects.order_by("-pk").values_list("pk", flat=True).first():
                break  # nothing of what is due can be claimed now: it waits for a login, a parent, the ceiling
            sleep(0.05)
        everything.end_finished(Connection.objects.get())
        self._tell(list(Run.objects.filter(pk__gt=newest, kind=Run.Kind.PUSH)))
        waiting = Outbox.objects.filter(remote_object__in=names).count()  # those put off for later, too
        if waiting:
            self.stdout.write(f"{waiting} still wait.")
        return INCOMPLETE if waiting else DONE

    def doctor(self, **options: Any) -> int:
        report = examine(size=max(0, options["sample"]), is_offline=options["offline"], mends=options["mend"])
        self.stdout.write(json.dumps(report.as_json(), indent=2) if options["json"] else told(report))
        return DONE if report.is_well else INCOMPLETE

    def restored(self, **options: Any) -> int:
        """Push before anything is pulled: of what was queued and is there already a pull might make a twin."""
        connection = self._ready(services.pull_refusal(Connection.objects.first()))
        found = restoring.begin(connection)
        self.stdout.write(f"The database knows Salesforce as of {found.as_of:%Y-%m-%d %H:%M} UTC, or a little later.")
        self.stdout.write(f"{found.doubtful} creates were queued then: what they may have made is looked for first.")
        self.stdout.write(f"{found.paused} people in sequences are paused: resume them once you know what they got.")
        return self._push([*KINDS, *ACTIVITY_OBJECTS])

    def deletions(self, **options: Any) -> int:
        chosen = options["confirm"] or options["refuse"]
        for held in HeldDeletions.objects.filter(decided_at=None):
            self.stdout.write(f"{held.pk}: {held}, since {held.held_at:%Y-%m-%d %H:%M}")
        if chosen:
            found = HeldDeletions.objects.select_related("connection").filter(pk=chosen).first()
            if found is None:
                raise services.Refused("There are no such deletions.")
            decide = deletions.confirm if options["confirm"] else deletions.refuse
            self.stdout.write(f"{decide(found, self._admin())} records.")
        return DONE

    def config(self, **options: Any) -> int:
        connection = self._once_connected()
        path = None if options["file"] == "-" else Path(options["file"])
        if options["way"] == "import":
            return self._import(connection, path, is_dry=options["dry_run"])
        text = write(export.present(connection))
        if path:
            path.write_text(text)
        else:
            self.stdout.write(text, ending="")
        return DONE

    def permission_set(self, **options: Any) -> int:
        Path(options["file"]).write_bytes(permission_set.archive(self._once_connected()))
        self.stdout.write(options["file"])
        return DONE

    def _import(self, connection: Connection, path: Path | None, *, is_dry: bool) -> int:
        try:
            text = path.read_text() if path else sys.stdin.read()
        except (OSError, UnicodeDecodeError) as error:
            raise services.Refused(f"The file can't be read: {error}") from error
        plan = importing.plan(connection, text)
        for section in plan.sections:
            self.stdout.write(section.title)
            for one in section.differences:
                self.stdout.write(f"  {one.name}: {one.before} -> {one.after}")
        for warning in plan.warnings:
            self.stderr.write(f"To know: {warning}")
        for fault in plan.faults:
            self.stderr.write(str(fault))
        if plan.faults:
            raise services.Refused("Nothing was changed.")
        if not plan.count:
            self.stdout.write("Nothing differs.")
        elif not is_dry:
            try:
                said = importing.carry_out(connection, text, plan.seen)
            except importing.NotTaken as reason:
                raise services.Refused(str(reason)) from reason
            for line in said:
                self.stdout.write(line)
            self.stdout.write(f"{plan.count} settings changed.")
        return DONE

    def _admin(self) -> User:
        user = User.objects.filter(role=User.Role.ADMIN, is_active=True).order_by("pk").first()
        if user is None:
            raise services.Refused("Make an admin first: manage.py createsuperuser.")
        return user

    def connect(self, **options: Any) -> int:
        connection = logins.the_connection()
        connection.login_url = oauth.login_host(options["login_url"], logins.app_for(connection).local_url)
        connection.client_id = options["client_id"] or connection.client_id
        connection.client_secret = options["client_secret"] or connection.client_secret
        user = self._admin()
        tokens = oauth.client_credentials(logins.app_for(connection))
        connecting.connect(connection, user, tokens, grant=Credential.Grant.CLIENT_CREDENTIALS)
        if options["push_contacts"]:
            contacts = ObjectSettings.objects.filter(connection=connection, record_kind="contact")
            contacts.update(push_new=True, create_as="Contact")
        if options["pull_deals"]:
            deals = ObjectSettings.objects.get(connection=connection, record_kind="deal")
            deals.sync = ObjectSettings.Sync.PULL
            tuning.save_settings(deals, ["sync"])
        if options["start"]:
            connecting.start_syncing(Connection.objects.get(pk=connection.pk))
        self.stdout.write(f"Connected to {connection.org_name}.")
        return DONE

    def _once_connected(self) -> Connection:
        connection = Connection.objects.exclude(org_id="").first()
        if connection is None:
            raise services.Refused("Salesforce was never connected: there are no settings yet.")
        return connection

    def _ready(self, refusal: str) -> Connection:
        if refusal:
            raise services.Refused(refusal)
        return Connection.objects.get()

    def _tell(self, runs: Sequence[Run | None]) -> int:
        for run in runs:
            if run is None:
                self.stdout.write("Salesforce can't be asked now: see `salesforce status`.")
                continue
            counts = ", ".join(f"{getattr(run, name)} {name}" for name in (*Run.OUTCOMES, "conflicts"))
            self.stdout.write(
                f"{run.kind} {run.remote_object}: {run.state}; {counts}; {run.api_calls} API calls {run.message}"
            )
        return DONE if all(run and run.state == Run.State.DONE for run in runs) else INCOMPLETE


def _is_leased(name: str) -> bool:
    cursor = Connection.objects.get().cursors.get(remote_object=name)
    return cursor.lease_token is not None


def _is_stuck(due: Any) -> bool:
    """Nothing that is due can be claimed: the logins are broken."""
    return not due.filter(credential__broken_reason="").exists()
