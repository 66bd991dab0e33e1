from importlib import import_module

from django.apps import AppConfig

from common import menus


class AccountsConfig(AppConfig):
    name = "accounts"

    def ready(self) -> None:
        menus.add("main", menus.Item(30, "Accounts", "accounts:list", "building"))
        menus.add("commands", menus.Item(20, "New account", "accounts:create", "building-plus", editors_only=True))
        import_module("accounts.duplicates")  # how they are recognised
        import_module("accounts.merging")  # what merging two companies puts together
        import_module("accounts.panels")  # the accounts below one
        import_module("accounts.tables")  # how they are listed, and exported
        import_module("accounts.importing")  # how they come from a file
        import_module("accounts.listing")  # which companies of the directory the CRM has
        import_module("accounts.enriching")  # what the directory tells of them
