from importlib import import_module

from django.apps import AppConfig

from common import menus


class DirectoryConfig(AppConfig):
    name = "directory"

    def ready(self) -> None:
        menus.add("main", menus.Item(15, "Directory", "directory:people", "address-book"))
        menus.add("commands", menus.Item(5, "Find people", "directory:people", "user-search"))
        menus.add("commands", menus.Item(6, "Find companies", "directory:companies", "building-community"))
        menus.add("commands", menus.Item(7, "Load the directory", "directory:loading", "upload", admins_only=True))
        for name in ("tables", "panels", "importing.carrying"):
            import_module(f"directory.{name}")
        import_module("directory.providers").elsewhere()  # a setting that is wrong is told at the start
