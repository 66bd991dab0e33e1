from django.db import migrations

# name, probability, closed, won
STAGES = [
    ("Qualification", 10, False, False),
    ("Proposal", 50, False, False),
    ("Negotiation", 80, False, False),
    ("Won", 100, True, True),
    ("Lost", 0, True, False),
]


def make_pipeline(apps, schema_editor):
    pipeline = apps.get_model("deals", "Pipeline").objects.create(name="Sales", is_default=True)
    stage = apps.get_model("deals", "Stage")
    stage.objects.bulk_create(
        stage(pipeline=pipeline, name=name, position=position, probability=probability, is_closed=closed, is_won=won)
        for position, (name, probability, closed, won) in enumerate(STAGES)
    )


class Migration(migrations.Migration):
    dependencies = [("deals", "0001_initial")]
    operations = [migrations.RunPython(make_pipeline, migrations.RunPython.noop)]
