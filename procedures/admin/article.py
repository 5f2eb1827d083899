from django import forms
from django.contrib import admin

from procedures.admin.common import NoBulkDeleteMixin
from procedures.models import Article, Related


class RelatedForm(forms.ModelForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["page"].choices = self.pages


class RelatedInline(admin.TabularInline):
    model = Related
    fk_name = "article"
    form = RelatedForm
    extra = 0
    max_num = 3

    def get_queryset(self, request):
        return super().get_queryset(request).select_related("page")

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        # Read once for all rows: each row of a plain form would ask the database again.
        formset.form.pages = [("", "---------"), *((page.pk, str(page)) for page in Article.objects.all())]
        return formset


@admin.register(Article)
class ArticleAdmin(NoBulkDeleteMixin, admin.ModelAdmin):
    list_display = ["slug", "kind", "language"]
    list_filter = ["kind", "language"]
    fields = ["kind", "slug", "language", "translation_of", "conditions"]
    inlines = [RelatedInline]

    def get_readonly_fields(self, request, obj=None):
        # Others link to the address of a page.
        return ["kind", "slug", "language"] if obj else []

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        obj.versions.update(seeded_hash="")  # the links are an editor's now
