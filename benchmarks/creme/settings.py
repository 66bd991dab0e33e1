"""Creme as its documentation sets it up for production, in the database CREME_DATABASE of the benchmark's server."""

import os
from pathlib import Path

from creme.settings import *  # noqa: F403

_FOLDER = Path(os.environ["CREME_FOLDER"])

SECRET_KEY = os.environ["SECRET_KEY"]
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "HOST": os.environ["CREME_HOST"],
        "NAME": os.environ["CREME_DATABASE"],
        "USER": "postgres",
        "CONN_MAX_AGE": 60,
    }
}
LANGUAGE_CODE = "en"
SITE_DOMAIN = "http://localhost"
GENERATED_MEDIA_NAMES_FILE = _FOLDER / "creme_media.py"
GENERATED_MEDIA_NAMES_MODULE = "creme_media"
MEDIA_ROOT, STATIC_ROOT = _FOLDER / "upload", _FOLDER / "static"
