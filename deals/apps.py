from importlib import import_module

from django.apps import AppConfig

from common import menus


class DealsConfig(AppConfig):
    name = "deals"

    def ready(self) -> None:
        menus.add("main", menus.Item(40, "Deals", "deals:list", "coin"))
        menus.add("settings", menus.Item(30, "Pipelines", "pipelines:list", "layout-kanban", admins_only=True))
        menus.add("commands", menus.Item(30, "New deal", "deals:create", "coin", editors_only=True))
        import_module("deals.panels")
        import_module("deals.merging")  # what merging two deals puts together
        import_module("deals.tables")  # how they are listed, and exported
        import_module("deals.importing")  # how they come from a file
