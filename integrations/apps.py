from importlib import import_module

from django.apps import AppConfig

from common import menus


class IntegrationsConfig(AppConfig):
    name = "integrations"

    def ready(self) -> None:
        panels = import_module("integrations.panels")  # fills the slots of other apps' pages
        import_module("integrations.timeline")  # tells of the sync in a record's timeline
        import_module("integrations.listing")  # filters and actions of lists
        import_module("integrations.api")  # the records' "sync" in the REST API
        import_module("integrations.receivers").connect()
        import_module("integrations.schedules").connect()
        import_module("integrations.erasing").connect()
        import_module("integrations.strangers")  # whether e-mails and meetings make people
        import_module("integrations.retention")  # what is thrown away after a while
        menus.add("settings", menus.Item(15, "My Salesforce login", "salesforce:personal", "key"))
        menus.add(
            "settings",
            menus.Item(
                60,
                "Salesforce",
                "integrations:overview",
                "cloud-data-connection",
                "Integrations",
                admins_only=True,
                count=panels.waiting_for_people,
            ),
        )
