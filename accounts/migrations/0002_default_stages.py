from django.db import migrations

STAGES = ["Cold", "Current Client", "Active Opportunity", "Dead Opportunity", "Do Not Prospect"]


def make_stages(apps, schema_editor):
    stage = apps.get_model("accounts", "Stage")
    stage.objects.bulk_create(stage(name=name, position=position) for position, name in enumerate(STAGES))


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [migrations.RunPython(make_stages, migrations.RunPython.noop)]
