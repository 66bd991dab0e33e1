"""Whose login carries a write, and why."""

from dataclasses import dataclass

from common.models import Origin
from integrations.models import Connection, Credential, Outbox

# Made by the team's machinery rather than by somebody: their creation goes under the team's login.
TEAM_ORIGINS = {Origin.EXTENSION_LINKEDIN, Origin.PROSPECTING, Origin.JOB_CHANGE_ENRICHMENT}


@dataclass(frozen=True)
class Choice:
    credential: Credential | None
    reason: str


class Logins:
    """The usable logins of a connection, loaded once."""

    def __init__(self, connection: Connection) -> None:
        rows = sorted(connection.credentials.all(), key=lambda row: (-row.power, row.pk))
        self.team = next((row for row in rows if row.pk == connection.team_credential_id), None)
        self.personal = {row.user_id: row for row in rows if row.user_id}
        self.strongest = rows[0] if rows else None

    def for_team(self) -> Choice:
        if self.team:
            return Choice(self.team, "the team's login")
        return Choice(self.strongest, "the login with the highest permission")

    def choose(self, operation: str, origin: str, actor_id: int | None, *, is_log: bool = False) -> Choice:
        """The login of a write: the acting user's, but for creates whose origin is the team's.

        ``is_log``: an activity is logged, which is the acting user's whatever its origin.
        """
        if operation == Outbox.Operation.CREATE and origin in TEAM_ORIGINS and not is_log:
            return self._because(f"made by {Origin(origin).label.lower()}")
        if actor_id is None:
            return self._because("nobody was acting")
        if personal := self.personal.get(actor_id):
            return Choice(personal, "the acting user's own login")
        return self._because("the acting user has no login of their own")

    def reason_for(
        self, used: Credential, operation: str, origin: str, actor_id: int | None, *, is_log: bool = False
    ) -> str:
        """Why a write went out with the login that it did; another may be chosen by now."""
        choice = self.choose(operation, origin, actor_id, is_log=is_log)
        return choice.reason if choice.credential == used else "the login that was chosen when it was queued"

    def _because(self, why: str) -> Choice:
        choice = self.for_team()
        return Choice(choice.credential, f"{choice.reason}: {why}")
