from importlib import import_module

from django.apps import AppConfig

from common import menus


class UsersConfig(AppConfig):
    name = "users"

    def ready(self) -> None:
        import_module("users.auditing").connect()
        import_module("users.schema")  # tokens of extensions in the API's description
        menus.add("main", menus.Item(10, "Home", "home", "home"))
        menus.add("main", menus.Item(90, "Settings", "users:settings", "settings"))
        menus.add("settings", menus.Item(10, "You", "users:you", "user-circle"))
        menus.add("settings", menus.Item(20, "People", "users:people", "users", admins_only=True))
