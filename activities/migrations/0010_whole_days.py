from django.db import migrations, models

HELP = "Of a meeting: it begins and ends at midnight UTC, for a day is the same wherever people live."

# Until now they began at midnight where their owner lives.
TO_UTC = """
    UPDATE activities_activity AS activity
    SET happened_at = date_trunc('day', activity.happened_at AT TIME ZONE place.zone) AT TIME ZONE 'UTC',
        ends_at = date_trunc('day', activity.ends_at AT TIME ZONE place.zone) AT TIME ZONE 'UTC'
    FROM (
        SELECT whole.id, coalesce(owner.time_zone, 'UTC') AS zone
        FROM activities_activity AS whole LEFT JOIN users_user AS owner ON owner.id = whole.owner_id
        WHERE whole.is_all_day
    ) AS place
    WHERE activity.id = place.id
"""


class Migration(migrations.Migration):
    dependencies = [
        ("activities", "0009_templates_reminders_history"),
    ]

    operations = [
        migrations.RunSQL(TO_UTC, migrations.RunSQL.noop),
        migrations.AlterField(
            model_name="activity",
            name="is_all_day",
            field=models.BooleanField(db_default=False, default=False, help_text=HELP, verbose_name="all day"),
        ),
        migrations.AlterField(
            model_name="activityevent",
            name="is_all_day",
            field=models.BooleanField(db_default=False, default=False, help_text=HELP, verbose_name="all day"),
        ),
    ]
