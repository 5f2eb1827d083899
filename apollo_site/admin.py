"""Accounts of staff: who may manage them cannot raise anybody above every rule (P23)."""

from django.contrib import admin
from django.contrib.auth import get_user_model
from django.contrib.auth.admin import UserAdmin

User = get_user_model()
admin.site.unregister(User)


@admin.register(User)
class StaffAccountAdmin(UserAdmin):
    """Rights come with groups. Only a superuser makes a superuser, changes one, or gives single rights."""

    def get_readonly_fields(self, request, obj=None):
        dates = ("last_login", "date_joined")
        return dates if request.user.is_superuser else (*dates, "is_superuser", "user_permissions")

    def has_change_permission(self, request, obj=None):
        allowed = super().has_change_permission(request, obj)
        return allowed and (obj is None or not obj.is_superuser or request.user.is_superuser)

    def has_delete_permission(self, request, obj=None):
        # The admin's log goes with an account. One that is no longer used is made inactive.
        return False
