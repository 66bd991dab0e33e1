from django.db import migrations

STAGES = [
    "Cold",
    "Approaching",
    "Replied",
    "Interested",
    "Not Interested",
    "Unresponsive",
    "Do Not Contact",
    "Bad Data",
    "Changed Job",
]


def make_stages(apps, schema_editor):
    stage = apps.get_model("contacts", "Stage")
    stage.objects.bulk_create(
        stage(name=name, position=position, no_contact=name == "Do Not Contact") for position, name in enumerate(STAGES)
    )


class Migration(migrations.Migration):
    dependencies = [("contacts", "0001_initial")]
    operations = [migrations.RunPython(make_stages, migrations.RunPython.noop)]
