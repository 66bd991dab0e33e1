"""Which unlinked records are pushed. Filters hold back creates, never the updates of linked records."""

from common.models import Record
from integrations.models import ObjectSettings


def kept_out(record: Record, settings: ObjectSettings | None) -> str:
    """Why a record that is not in Salesforce stays out; "" when nothing keeps it out."""
    if settings is None:
        return "This kind of record is not synced."
    if not settings.push_new:
        return f"Pushing new {settings.get_record_kind_display().lower()}s is off."
    if not settings.lets_stage_through(record.stage_id):  # type: ignore[attr-defined]
        stage = getattr(record, "stage", None)
        return f"Its stage ({stage or 'No stage'}) is not among those that are pushed."
    return ""


def refuses_manual(settings: ObjectSettings | None) -> str:
    """Why a person may not push a record of this kind by hand."""
    if settings is None:
        return "This kind of record is not synced."
    return "" if settings.push_new else f"Pushing {settings.get_record_kind_display().lower()}s is off in the settings."
