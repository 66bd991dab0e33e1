from importlib import import_module

from django.apps import AppConfig
from django.core.signals import request_finished

from common import menus


class CommonConfig(AppConfig):
    name = "common"

    def ready(self) -> None:
        import_module("common.changes")  # tells the timeline
        import_module("common.panels")  # potential duplicates
        import_module("common.bulk_actions")
        import_module("common.trash").connect()
        import_module("common.schedules").connect()
        logs = import_module("common.logs")
        request_finished.connect(logs.end_request, dispatch_uid="ids of the log")
        import_module("django_q.signals").pre_execute.connect(logs.begin_job, dispatch_uid="ids of the log")
        import_module("common.restoring")  # a kind of job
        import_module("common.importing.carrying")  # a kind of job
        menus.add("settings", menus.Item(12, "My jobs", "job_list", "progress"))
        menus.add("settings", menus.Item(30, "Data retention", "retention", "calendar-time", admins_only=True))
        menus.add("settings", menus.Item(32, "Audit log", "audit_log", "history", admins_only=True))
        menus.add("settings", menus.Item(13, "Deleted records", "deleted_list", "trash"))
