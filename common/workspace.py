"""What counts for the whole team."""

from django.db import transaction

from common.models import Workspace


@transaction.atomic
def change_workspace(**values: str) -> Workspace:
    """Write these columns and no other. Raises ValidationError."""
    Workspace.objects.get_or_create(pk=1)
    workspace = Workspace.objects.select_for_update().get(pk=1)
    for name, value in values.items():
        setattr(workspace, name, value)
    workspace.clean_fields()
    workspace.save(update_fields=list(values))
    return workspace


def suggest_currency(currency: str) -> None:
    """Take the currency of a CRM that was connected, unless somebody has chosen one."""
    if currency and not Workspace.load().currency:
        change_workspace(currency=currency)
