"""Names and words without case and accents. The columns are made anew, which writes the whole table once."""

from django.contrib.postgres.indexes import GinIndex
from django.db import migrations, models

from common.folding import sort_field
from common.search import search_field


class Migration(migrations.Migration):
    dependencies = [("deals", "0007_made_here")]

    operations = [
        migrations.RemoveIndex("deal", "deal_search"),
        migrations.RemoveIndex("deal", "deal_by_name"),
        migrations.RemoveField("deal", "search"),
        migrations.RemoveField("deal", "sort_name"),
        migrations.AddField("deal", "search", search_field("name", "next_step")),
        migrations.AddField("deal", "sort_name", sort_field("name", 255)),
        migrations.AddIndex("deal", GinIndex(fields=["search"], name="deal_search")),
        migrations.AddIndex("deal", models.Index(fields=["sort_name", "id"], name="deal_by_name")),
        migrations.AddIndex(
            "deal", models.Index(fields=["id"], condition=models.Q(is_hidden=True), name="deal_hidden")
        ),
    ]
