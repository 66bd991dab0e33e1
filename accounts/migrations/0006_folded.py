"""Names and words without case and accents. The columns are made anew, which writes the whole table once."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from common.folding import sort_field
from common.search import search_field


class Migration(migrations.Migration):
    dependencies = [("accounts", "0005_website_checked")]

    operations = [
        migrations.RemoveIndex("account", "account_search"),
        migrations.RemoveIndex("account", "account_by_name"),
        migrations.RemoveField("account", "search"),
        migrations.RemoveField("account", "sort_name"),
        migrations.AddField("account", "search", search_field("name", "domain", "city", "phone")),
        migrations.AddField("account", "sort_name", sort_field("name", 255)),
        migrations.AddIndex("account", GinIndex(fields=["search"], name="account_search")),
        migrations.AddIndex("account", models.Index(fields=["sort_name", "id"], name="account_by_name")),
        migrations.AddIndex(
            "account", models.Index(fields=["id"], condition=models.Q(is_hidden=True), name="account_hidden")
        ),
    ]
