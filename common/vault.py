"""Secrets at rest: Fernet with rotating keys that live outside the database (the setting TOKEN_KEYS)."""

import logging
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from django.conf import settings
from django.db import models

logger = logging.getLogger(__name__)


def _vault() -> MultiFernet:
    return MultiFernet([Fernet(key) for key in settings.TOKEN_KEYS])


def seal(text: str) -> str:
    """For a secret that waits outside the database's secret columns, such as in a session."""
    return _vault().encrypt(text.encode()).decode() if text else ""


def unseal(text: str) -> str:
    """What was sealed; "" when its key is gone."""
    try:
        return _vault().decrypt(text).decode() if text else ""
    except InvalidToken:
        return ""


def is_readable(text: str) -> bool:
    """Whether one of the keys fits."""
    return bool(unseal(text))


class SecretField(models.TextField):
    """Text that the database holds encrypted.

    A secret whose key is gone reads as "", as if it had never been given: its login then asks to be connected again.
    """

    def get_prep_value(self, value: Any) -> Any:
        return _vault().encrypt(value.encode()).decode() if value else value

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str | None:
        if not value:
            return value
        try:
            return _vault().decrypt(value).decode()
        except InvalidToken:
            logger.error("A secret can't be read: its key is missing in TOKEN_KEYS.")
            return ""
