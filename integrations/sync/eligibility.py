"""Which unlinked records are pushed. Filters hold back creates, never the updates of linked records."""

from dataclasses import dataclass
from enum import StrEnum

from common.domains import is_free_mail, registrable_domain
from common.models import Record
from integrations.models import ObjectSettings


class Rule(StrEnum):
    """What keeps a record out, or waiting; pages know where that is set."""

    CONNECTION = "connection"
    KIND = "kind"
    DIRECTION = "direction"
    PUSH_NEW = "push_new"
    STAGES = "stages"
    ACCOUNT = "account"
    PAST = "past"
    ACTIVITIES = "activities"
    DROPPED = "dropped"
    PERSON = "person"
    REFUSED = "refused"
    SETUP = "setup"
    PAUSE = "pause"
    LOGIN = "login"


@dataclass(frozen=True)
class Hindrance:
    rule: Rule
    reason: str


def stays_here(settings: ObjectSettings) -> str:
    """Why nothing of this kind goes out, new or changed; "" when it does."""
    what = f"{settings.get_record_kind_display().lower()}s"
    if settings.pushes:
        return ""
    return f"{what.capitalize()} are only pulled." if settings.pulls else f"Syncing {what} is off."


def takes_no_new(settings: ObjectSettings) -> str:
    """Why no new record of this kind goes out; "" when some do."""
    off = "" if settings.push_new else f"Pushing new {settings.get_record_kind_display().lower()}s is off."
    return stays_here(settings) or off


def hindrance(record: Record, settings: ObjectSettings | None) -> Hindrance | None:
    """The first rule that keeps a record out which is not in Salesforce; None when there is none."""
    if settings is None:
        return Hindrance(Rule.KIND, "This kind of record is not synced.")
    if reason := stays_here(settings):
        return Hindrance(Rule.DIRECTION, reason)
    if reason := takes_no_new(settings):
        return Hindrance(Rule.PUSH_NEW, reason)
    if not settings.lets_stage_through(record.stage_id):  # type: ignore[attr-defined]
        stage = getattr(record, "stage", None)
        return Hindrance(Rule.STAGES, f"Its stage ({stage or 'No stage'}) is not among those that are pushed.")
    return None


def kept_out(record: Record, settings: ObjectSettings | None) -> str:
    """Why a record that is not in Salesforce stays out; "" when nothing keeps it out."""
    found = hindrance(record, settings)
    return found.reason if found else ""


def lacks_account(record: Record, settings: ObjectSettings) -> Hindrance | None:
    """That a contact has no account, and nothing that tells which it should be, where such contacts are kept out."""
    is_held = settings.create_as == "Contact" and settings.without_account == ObjectSettings.WithoutAccount.HOLD
    if not is_held or not hasattr(record, "company_name") or record.account_id or record.company_name:  # type: ignore[attr-defined]
        return None
    domain = registrable_domain(record.email) if "@" in record.email else ""  # type: ignore[attr-defined]
    if domain and not is_free_mail(domain):
        return None
    return Hindrance(Rule.ACCOUNT, "It has no account, and contacts without one are kept out of Salesforce.")


def refuses_manual(settings: ObjectSettings | None) -> str:
    """Why a person may not push a record of this kind by hand."""
    if settings is None:
        return "This kind of record is not synced."
    if reason := stays_here(settings):
        return reason
    return "" if settings.push_new else f"Pushing {settings.get_record_kind_display().lower()}s is off in the settings."
