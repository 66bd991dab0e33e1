from django.contrib import admin
from django.db import models

from common.admin import HonestPaginator, KeptAdmin
from directory.models import Company, Load, Move, Prospect


@admin.register(Company)
class CompanyAdmin(KeptAdmin):
    paginator = HonestPaginator
    show_full_result_count = False
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ["name", "domain", "industry", "employees", "country", "source"]
    search_fields = ["=domain"]
    ordering = ["sort_name", "id"]


@admin.register(Prospect)
class ProspectAdmin(KeptAdmin):
    paginator = HonestPaginator
    show_full_result_count = False
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    list_display = ["name", "title", "company_name", "email", "country", "source"]
    search_fields = ["=email_key"]
    ordering = ["sort_name", "id"]


@admin.register(Move)
class MoveAdmin(KeptAdmin):
    list_display = ["prospect", "from_company_name", "from_title", "seen_at"]
    list_select_related = ["prospect"]
    ordering = ["-id"]


@admin.register(Load)
class LoadAdmin(KeptAdmin):
    list_display = ["file", "kind", "source", "user", "began_at"]
    list_select_related = ["user"]
    ordering = ["-id"]
