from django.contrib import admin
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from practice.models import Clinician, Closure, HelpLanguage, Location, Notice, OpeningHours, Practice
from practice.services import write_card


class CardMixin:
    """After each change the copy for error pages is written anew, once the change is safe."""

    def save_related(self, request, form, formsets, change):
        super().save_related(request, form, formsets, change)
        transaction.on_commit(write_card, robust=True)

    def delete_model(self, request, obj):
        super().delete_model(request, obj)
        transaction.on_commit(write_card, robust=True)

    def delete_queryset(self, request, queryset):
        super().delete_queryset(request, queryset)
        transaction.on_commit(write_card, robust=True)


@admin.register(Practice)
class PracticeAdmin(CardMixin, admin.ModelAdmin):
    fields = [
        "name",
        "short_name",
        "strapline",
        "affiliation",
        "phone",
        "refill_phone",
        "records_phone",
        "billing_phone",
        "after_hours",
        "reply_business_days",
        "sample_content",
    ]

    def has_add_permission(self, request):
        return super().has_add_permission(request) and not Practice.objects.exists()

    def has_delete_permission(self, request, obj=None):
        return False


class OpeningHoursInline(admin.TabularInline):
    model = OpeningHours
    extra = 0
    max_num = len(OpeningHours.Weekday)


@admin.register(Location)
class LocationAdmin(CardMixin, admin.ModelAdmin):
    list_display = ["name", "city", "phone_display", "order"]
    prepopulated_fields = {"slug": ["name"]}
    inlines = [OpeningHoursInline]


@admin.register(Closure)
class ClosureAdmin(CardMixin, admin.ModelAdmin):
    list_display = ["reason", "location", "starts_on", "ends_on"]
    list_select_related = ["location"]


@admin.register(Clinician)
class ClinicianAdmin(admin.ModelAdmin):
    list_display = ["__str__", "specialty", "order"]
    prepopulated_fields = {"slug": ["first_name", "last_name"]}

    def get_readonly_fields(self, request, obj=None):
        # Under whose name an account signs is for those to say who manage accounts: it stands under what was signed.
        if request.user.has_perm("auth.change_user"):
            return []
        return ["user", "first_name", "last_name", "credentials"] if obj else ["user"]

    def get_prepopulated_fields(self, request, obj=None):
        return {} if obj else super().get_prepopulated_fields(request, obj)


@admin.register(Notice)
class NoticeAdmin(admin.ModelAdmin):
    list_display = ["title", "language", "effective_on", "is_sample"]
    list_filter = ["is_sample", "language"]


@admin.register(HelpLanguage)
class HelpLanguageAdmin(admin.ModelAdmin):
    list_display = ["english_name", "own_name", "has_text"]

    @admin.display(description=_("translated"), boolean=True)
    def has_text(self, row):
        return bool(row.text)
