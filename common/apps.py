from importlib import import_module

from django.apps import AppConfig


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        import_module("common.changes")  # tells the timeline
        import_module("common.panels")  # potential duplicates
        import_module("common.trash").connect()
