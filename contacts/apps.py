from importlib import import_module

from django.apps import AppConfig

from common import menus


class ContactsConfig(AppConfig):
    name = "contacts"

    def ready(self) -> None:
        menus.add("main", menus.Item(20, "Contacts", "contacts:list", "users"))
        menus.add("commands", menus.Item(10, "New contact", "contacts:create", "user-plus", editors_only=True))
        import_module("contacts.panels")
        import_module("contacts.duplicates")  # how they are recognised
        import_module("contacts.merging")  # what merging two people puts together
        import_module("contacts.tables")  # how they are listed, and exported
        import_module("contacts.importing")  # how they come from a file
