"""Names and words without case and accents. The columns are made anew, which writes the whole table once."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models
from django.db.models.functions import Concat

from common.folding import sort_field
from common.search import search_field


class Migration(migrations.Migration):
    dependencies = [("contacts", "0005_made_here")]

    operations = [
        migrations.RemoveIndex("contact", "contact_search"),
        migrations.RemoveIndex("contact", "contact_by_name"),
        migrations.RemoveIndex("contact", "contact_by_account"),
        migrations.RemoveIndex("contact", "contact_by_name_and_host"),
        migrations.RemoveField("contact", "search"),
        migrations.RemoveField("contact", "sort_name"),
        migrations.AddField(
            "contact", "search", search_field("first_name", "last_name", "email", "company_name", "title")
        ),
        migrations.AddField(
            "contact", "sort_name", sort_field(Concat("last_name", models.Value(" "), "first_name"), 511)
        ),
        migrations.AddIndex("contact", GinIndex(fields=["search"], name="contact_search")),
        migrations.AddIndex("contact", models.Index(fields=["sort_name", "id"], name="contact_by_name")),
        migrations.AddIndex("contact", models.Index(fields=["account", "sort_name", "id"], name="contact_by_account")),
        migrations.AddIndex(
            "contact",
            models.Index(
                "sort_name",
                models.Func("email_key", models.Value("@"), models.Value(2), function="split_part"),
                condition=~models.Q(email=""),
                name="contact_by_name_and_host",
            ),
        ),
        migrations.AddIndex(
            "contact", models.Index(fields=["id"], condition=models.Q(is_hidden=True), name="contact_hidden")
        ),
        migrations.AddIndex(
            "contact", models.Index(fields=["id"], condition=models.Q(email=""), name="contact_without_email")
        ),
    ]
