from typing import Any

from django.core.management import call_command
from django.db import migrations

TABLE = "shared_cache"


def create(apps: Any, schema_editor: Any) -> None:
    call_command("createcachetable", TABLE, database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    """The table of the cache that all processes share; settings.py names it."""

    dependencies = [("common", "0001_initial")]
    operations = [
        migrations.RunPython(create, migrations.RunPython.noop),
        migrations.RunSQL(migrations.RunSQL.noop, f"DROP TABLE IF EXISTS {TABLE}"),
    ]
