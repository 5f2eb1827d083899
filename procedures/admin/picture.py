from functools import partial

from django import forms
from django.conf import settings
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.html import format_html
from django.utils.text import format_lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from procedures import pictures
from procedures.admin.common import NoBulkDeleteMixin
from procedures.admin.used import UsedOnMixin
from procedures.models import Picture
from procedures.services import register


class UploadForm(forms.ModelForm):
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"accept": ".jpg,.jpeg,.png,.webp"}),
        help_text=format_lazy(
            gettext_lazy(
                "JPEG, PNG or WebP, up to {most} MB. We remove place, time and camera from it. No name of a patient "
                "may be readable in the picture."
            ),
            most=settings.MAX_FILE_MEGABYTES,
        ),
    )

    class Meta:
        model = Picture
        fields = ["title", "credit"]

    def clean_file(self):
        cleaned = pictures.clean(self.cleaned_data["file"])
        if same := Picture.objects.filter(digest=cleaned.digest).first():
            raise ValidationError(_("This picture is here already: “%(title)s”.") % {"title": same.title})
        return cleaned


@admin.register(Picture)
class PictureAdmin(UsedOnMixin, NoBulkDeleteMixin, admin.ModelAdmin):
    """Another picture is another row: pages that clinicians have signed name this one."""

    list_display = ["thumbnail", "title", "credit", "width", "height", "uploaded_at"]
    list_display_links = ["thumbnail", "title"]
    search_fields = ["title", "credit"]
    readonly_fields = ["thumbnail", "width", "height", "uploaded_by", "uploaded_at", "used_on"]
    find_uses = staticmethod(register.uses_of_picture)

    def get_fields(self, request, obj=None):
        return ["title", "credit", *self.readonly_fields] if obj else ["file", "title", "credit"]

    def get_form(self, request, obj=None, change=False, **kwargs):
        return super().get_form(request, obj, change, **kwargs if obj else {"form": UploadForm, **kwargs})

    def save_model(self, request, obj, form, change):
        if not change:
            cleaned = form.cleaned_data["file"]
            pictures.write(cleaned)
            obj.digest, (obj.width, obj.height) = cleaned.digest, cleaned.image.size
            obj.uploaded_by = request.user
        super().save_model(request, obj, form, change)

    def delete_model(self, request, obj):
        digest = obj.digest
        super().delete_model(request, obj)
        transaction.on_commit(partial(self._remove_files, digest))

    def _remove_files(self, digest):
        # Somebody may have uploaded the same picture again meanwhile.
        if not Picture.objects.filter(digest=digest).exists():
            pictures.remove(digest)

    @admin.display(description=gettext_lazy("picture"))
    def thumbnail(self, obj):
        address = pictures.url(obj.digest, pictures.WIDTHS[0], "webp")
        return format_html(
            '<img class="thumbnail" src="{}" alt="{}" width="{}" height="{}">',
            address,
            obj.title,
            obj.width,
            obj.height,
        )
