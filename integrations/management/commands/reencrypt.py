"""Encrypt every stored secret with the newest key of TOKEN_KEYS, so that older ones can be taken out."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand, CommandError
from django.db import models, transaction
from django.db.models.functions import Cast

from common.vault import SecretField, is_readable
from users.services import reseal_factors


class Command(BaseCommand):
    help = "Encrypt stored secrets with the newest of TOKEN_KEYS."

    def handle(self, *args: Any, **options: Any) -> None:
        done, unreadable = reseal_factors()
        for model in apps.get_models():
            secrets = [column.name for column in model._meta.local_fields if isinstance(column, SecretField)]
            for pk in model._base_manager.values_list("pk", flat=True).order_by("pk") if secrets else ():
                rewritten, lost = _rewrite(model, pk, secrets)
                done, unreadable = done + rewritten, unreadable + lost
        self.stdout.write(f"{done} secrets are encrypted with the newest key.")
        if unreadable:
            raise CommandError(f"{unreadable} can't be read with any of TOKEN_KEYS and were left as they are.")


@transaction.atomic
def _rewrite(model: type[models.Model], pk: Any, names: list[str]) -> tuple[int, int]:
    """Under the row's lock, so that a token which is renewed meanwhile is not put back."""
    row = model._base_manager.select_for_update(of=["self"]).filter(pk=pk).first()
    if row is None:
        return 0, 0
    raw = model._base_manager.filter(pk=pk).values_list(*[Cast(name, models.TextField()) for name in names]).get()
    kept = [name for name, text in zip(names, raw, strict=True) if text]
    readable = [name for name, text in zip(names, raw, strict=True) if text and is_readable(text)]
    if readable:
        model._base_manager.filter(pk=pk).update(**{name: getattr(row, name) for name in readable})
    return len(readable), len(kept) - len(readable)
