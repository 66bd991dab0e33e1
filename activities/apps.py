from importlib import import_module

from django.apps import AppConfig

from common import menus


class ActivitiesConfig(AppConfig):
    name = "activities"

    def ready(self) -> None:
        menus.add("main", menus.Item(60, "Lists", "lists:list", "list-details"))
        menus.add("main", menus.Item(50, "Activities", "activities:list", "calendar-event"))
        import_module("activities.people").connect()
        import_module("activities.reminder_views")
        import_module("activities.panels")
        import_module("activities.emails.views")
        import_module("activities.tables")  # how they are listed, and what is done with many
        menus.add("settings", menus.Item(14, "Mailbox and calendars", "mail:mailbox", "mail", editors_only=True))
        menus.add("settings", menus.Item(21, "Team’s mailboxes", "mail:team", "mailbox", admins_only=True))
        import_module("activities.lists.panels")
        import_module("activities.lists.importing")
        menus.add("main", menus.Item(65, "Sequences", "sequences:list", "route"))
        import_module("activities.sequences.panels")
        import_module("activities.sequences.jobs")
        import_module("activities.sequences.listing")
        import_module("activities.sequences.receivers").connect()
        import_module("activities.schedules").connect()
        import_module("activities.mail.receivers").connect()
        import_module("activities.lists.listing")  # filters and actions of the pages of records
