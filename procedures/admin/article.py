from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import OuterRef, Subquery
from django.http import HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from procedures.admin.common import NoBulkDeleteMixin
from procedures.models import Article, Related, Version, VersionEvent
from procedures.services import publishing

LABELS = {"slug": _("Address")}
HELP_TEXTS = {"slug": _("The last part of the page's address: small letters, digits and hyphens, as in “knee-pain”.")}


class RelatedForm(forms.ModelForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["page"].choices = self.pages


class RelatedInline(admin.StackedInline):
    model = Related
    verbose_name = _("page")
    verbose_name_plural = _("You might also enjoy: at most three pages")
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
    """A page: its address, what it links to, and its versions."""

    change_form_template = "admin/procedures/article/change_form.html"
    list_display = ["name", "address", "kind", "language", "newest"]
    list_filter = ["kind", "language"]
    search_fields = ["slug", "versions__title", "versions__short_title"]
    ordering = ["kind", "slug", "language"]
    fields = ["kind", "slug", "language", "translation_of", "conditions"]
    inlines = [RelatedInline]

    def get_queryset(self, request):
        newest = Version.objects.filter(article=OuterRef("pk")).order_by("-number")
        return (
            super()
            .get_queryset(request)
            .annotate(
                newest_title=Subquery(newest.values("short_title")[:1]),
                newest_status=Subquery(newest.values("status")[:1]),
            )
        )

    @admin.display(description=_("page"), ordering="newest_title")
    def name(self, obj):
        return obj.newest_title or obj.slug

    @admin.display(description=LABELS["slug"], ordering="slug")
    def address(self, obj):
        return obj.slug

    @admin.display(description=_("newest version"), ordering="newest_status")
    def newest(self, obj):
        return Version.Status(obj.newest_status).label if obj.newest_status else "—"

    def get_form(self, request, obj=None, change=False, **kwargs):
        return super().get_form(request, obj, change, labels=LABELS, help_texts=HELP_TEXTS, **kwargs)

    def get_readonly_fields(self, request, obj=None):
        # Others link to the address of a page: changing it is a step of its own.
        return ["kind", "slug", "language", "translation_of"] if obj else ["translation_of"]

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.versions.exists())

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        obj.versions.update(seeded_hash="")  # the links are an editor's now
        for draft in obj.versions.filter(status=Version.Status.DRAFT):
            publishing.record(draft, VersionEvent.Kind.EDITED, request.user, _("Links"))

    def response_add(self, request, obj, post_url_continue=None):
        """On to the words: a page without any is nothing yet."""
        return self._to(publishing.start_draft(obj, request.user))

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        context = {}
        if article := self.get_object(request, object_id) if object_id else None:
            context = {
                "versions": article.versions.select_related("reviewer"),
                "former": article.former_slugs.all(),
            }
        return super().changeform_view(request, object_id, form_url, context | (extra_context or {}))

    def get_urls(self):
        view = self.admin_site.admin_view
        return [
            path(f"<int:pk>/{name}/", view(require_POST(getattr(self, name))), name=f"procedures_article_{name}")
            for name in ("start_draft", "change_address")
        ] + super().get_urls()

    def start_draft(self, request, pk):
        return self._to(publishing.start_draft(self._article(request, pk), request.user))

    def change_address(self, request, pk):
        article = self._article(request, pk)
        slug = request.POST.get("slug", "").strip()
        try:
            Article._meta.get_field("slug").clean(slug, None)
            publishing.change_address(article, slug)
        except forms.ValidationError:
            words = _("Nothing was changed. Use small letters, digits and hyphens for the address, 50 at most.")
            self.message_user(request, words, messages.ERROR)
        except publishing.NotAllowed as refusal:
            self.message_user(request, str(refusal), messages.ERROR)
        else:
            self.message_user(request, _("The page has its new address. The old one leads there."))
        return HttpResponseRedirect(reverse("admin:procedures_article_change", args=[pk]))

    def _article(self, request, pk):
        if not self.has_change_permission(request):
            raise PermissionDenied
        return get_object_or_404(Article, pk=pk)

    def _to(self, version):
        return redirect("admin:procedures_version_change", version.pk)
