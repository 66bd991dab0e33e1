"""Many contacts get another account."""

from typing import Any

from django import forms
from django.db.models import Q

from accounts.models import Account
from common.actions import ActionForm, Batch, Counts, register
from common.bulk import any_of, update_rows
from common.bulk_actions import GONE
from common.models import RecordKind
from common.widgets import RecordPicker
from contacts.models import Contact


class AccountForm(ActionForm):
    account: Any = forms.ModelChoiceField(
        queryset=None, required=False, empty_label="None", label="New account", widget=RecordPicker(RecordKind.ACCOUNT)
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["account"].queryset = Account.objects.visible_to(self.user)  # type: ignore[attr-defined]


@register("account", "Change account", icon="building", kinds=[RecordKind.CONTACT], form=AccountForm, position=15)
def change_account(batch: Batch) -> Counts:
    account = batch.values["account"]
    present = list(batch.rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", flat=True))
    is_there = Q(account=account) if account else Q(account__isnull=True)
    changed = update_rows(Contact._base_manager.filter(~is_there, pk__in=any_of(present, "bigint")), account=account)
    return {"changed": changed, "as they were": len(present) - changed, GONE: len(batch.ids) - len(present)}
