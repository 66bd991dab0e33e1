from importlib import import_module

from django.apps import AppConfig

from common import menus


class ContactsConfig(AppConfig):
    name = "contacts"

    def ready(self) -> None:
        menus.add("main", menus.Item(20, "Contacts", "contacts:list", "users"))
        menus.add("commands", menus.Item(10, "New contact", "contacts:create", "user-plus", editors_only=True))
        job_changes = import_module("contacts.job_change_table")  # who is with another company by now
        item = menus.Item(25, "Job changes", "contacts:job_changes", "briefcase-2", count=job_changes.waiting)
        menus.add("main", item)
        import_module("contacts.panels")
        import_module("contacts.duplicates")  # how they are recognised
        import_module("contacts.merging")  # what merging two people puts together
        import_module("contacts.tables")  # how they are listed, and exported
        import_module("contacts.importing")  # how they come from a file
        import_module("contacts.listing")  # whom of the directory the CRM has, and saving the others
        import_module("contacts.enriching")  # what the directory tells of them
        import_module("contacts.moving")  # giving many another account
