"""Which unlinked records are pushed. Filters hold back creates, never the updates of linked records."""

from common.models import Record
from integrations.models import ObjectSettings


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


def kept_out(record: Record, settings: ObjectSettings | None) -> str:
    """Why a record that is not in Salesforce stays out; "" when nothing keeps it out."""
    if settings is None:
        return "This kind of record is not synced."
    if reason := takes_no_new(settings):
        return reason
    if not settings.lets_stage_through(record.stage_id):  # type: ignore[attr-defined]
        stage = getattr(record, "stage", None)
        return f"Its stage ({stage or 'No stage'}) is not among those that are pushed."
    return ""


def refuses_manual(settings: ObjectSettings | None) -> str:
    """Why a person may not push a record of this kind by hand."""
    if settings is None:
        return "This kind of record is not synced."
    if reason := stays_here(settings):
        return reason
    return "" if settings.push_new else f"Pushing {settings.get_record_kind_display().lower()}s is off in the settings."
