from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("integrations", "0011_home"),
    ]

    operations = [
        migrations.AddField(
            model_name="credential",
            name="refusals",
            field=models.PositiveSmallIntegerField(
                db_default=0, default=0, help_text="How often in a row the org refused a fresh token of it."
            ),
        ),
    ]
