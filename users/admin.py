from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as BaseUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm, UserChangeForm
from django.http import HttpRequest

from common.admin import KeptAdmin
from users.models import ExtensionToken, User


class UserCreationForm(BaseUserCreationForm):
    class Meta:
        model = User
        fields = ["email", "name", "role"]


class UserForm(UserChangeForm):
    class Meta:
        model = User
        fields = ["email", "name", "time_zone", "password"]


@admin.register(User)
class UserAdmin(BaseUserAdmin):
    """Roles change, and people leave, under Settings > People, where an admin always stays."""

    form = UserForm
    add_form = UserCreationForm
    list_display = ["email", "name", "role", "is_active", "last_login"]
    list_filter = ["role", "is_active"]
    search_fields = ["email", "name"]
    ordering = ["name", "email"]
    filter_horizontal = ()
    readonly_fields = ["role", "is_active", "last_login", "created_at"]
    fieldsets = [
        (None, {"fields": ["email", "name", "time_zone", "password"]}),
        ("State", {"fields": ["role", "is_active", "last_login", "created_at"]}),
    ]
    add_fieldsets = [(None, {"fields": ["email", "name", "role", "password1", "password2"]})]

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        return list(self.readonly_fields) if obj else []

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False


@admin.register(ExtensionToken)
class ExtensionTokenAdmin(KeptAdmin):
    list_display = ("name", "user", "scope", "created_at", "last_used_at")
    list_select_related = ("user",)
    exclude = ("digest",)
