"""The life of a version: drafted, reviewed, signed or sent back, shown, taken back. Nothing else sets a status."""

import datetime

from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from outbox.services import enqueue
from practice.models import Practice
from practice.services import current_practice
from procedures.anatomy import ANATOMY
from procedures.canonical import document_hash
from procedures.document import WORDS
from procedures.freeze import freeze
from procedures.models import ROW_MODELS, Article, FormerSlug, Section, Version, VersionEvent
from procedures.models.article import RESERVED_SLUGS

SHOWN = (Version.Status.SAMPLE, Version.Status.APPROVED)
OPEN = (Version.Status.DRAFT, Version.Status.IN_REVIEW)
WROTE = (VersionEvent.Kind.CREATED, VersionEvent.Kind.EDITED)


class NotAllowed(Exception):
    """This cannot be done with this version, or not by this person; the text says why, and nothing was changed."""


def lock(article: Article) -> Article:
    """Take `article` for this transaction: its versions are numbered, published and taken back one after the other."""
    return Article.objects.select_for_update().get(pk=article.pk)


def record(version: Version, kind: VersionEvent.Kind, by=None, note: str = "") -> None:
    version.events.create(kind=kind, by=by, note=note)


def save_rows(version, rows):
    """Save a new version with its rows."""
    version.save()
    for model in ROW_MODELS:
        of_model = [row for row in rows if isinstance(row, model)]
        for row in of_model:
            row.version = version
        model.objects.bulk_create(of_model)


# Writing


@transaction.atomic
def start_draft(article: Article, by=None) -> Version:
    """The draft of `article` to work on: the open one, else one with the newest words, else an empty one."""
    article = lock(article)
    newest = article.versions.first()
    if newest is None:
        return _empty_draft(article, by)
    return newest if newest.is_open else new_draft(newest, by)


def _empty_draft(article, by):
    draft = Version(article=article, number=1, author=by, title=article.slug, short_title=article.slug)
    rows = [Section(kind=part.kind, order=order) for order, part in enumerate(ANATOMY[article.kind], start=1)]
    save_rows(draft, rows)
    record(draft, VersionEvent.Kind.CREATED, by)
    return draft


@transaction.atomic
def new_draft(version: Version, by=None) -> Version:
    """A draft with the words and rows of `version`, to edit while readers go on seeing what they see.

    Raises NotAllowed if somebody works on a draft already.
    """
    article = lock(version.article)
    if article.versions.filter(status__in=OPEN).exists():
        raise NotAllowed(_("There is a draft of this page already. Go on with that one, or delete it."))
    return _copy(version, article, by)


@transaction.atomic
def start_translation(version: Version, language: str, by=None) -> Version:
    """A draft of the same page in `language`, with the words of `version` to be translated.

    Raises NotAllowed if `version` is a translation itself, or if there is a page in that language at its address.
    """
    original = lock(version.article)
    if original.translation_of_id or Article.objects.filter(slug=original.slug, language=language).exists():
        raise NotAllowed(_("There is a page in that language already, or this one is a translation."))
    article = Article.objects.create(kind=original.kind, slug=original.slug, language=language, translation_of=original)
    article.conditions.set(original.conditions.all())
    for related in original.related_pages.all():
        article.related_pages.create(page=related.page, order=related.order)
    return _copy(version, article, by, translates=version)


def _copy(version, article, by, translates=None):
    newest = article.versions.first()
    draft = Version(
        article=article,
        number=newest.number + 1 if newest else 1,
        author=by,
        translates=translates or _original_of(article),
        **{name: getattr(version, name) for name in WORDS},
    )
    rows = [row for model in ROW_MODELS for row in getattr(version, f"{model._meta.model_name}_rows").all()]
    for row in rows:
        row.pk, row._state.adding = None, True
    save_rows(draft, rows)
    record(draft, VersionEvent.Kind.CREATED, by)
    if not version.reviewer_id:  # nobody else has vouched for these words yet, so who wrote them goes on being asked
        note = _("Wrote version %(number)d, from which this one begins.") % {"number": version.number}
        for user in get_user_model().objects.filter(pk__in=_writers(version)):
            record(draft, VersionEvent.Kind.EDITED, user, note)
    return draft


def _original_of(article):
    """The live version of the page that `article` translates: a new draft of a translation is written against it."""
    samples = current_practice().sample_content
    return Version.objects.current(samples=samples).filter(article__translations=article).first()


@transaction.atomic
def submit(version: Version, by) -> None:
    """Freeze a draft and ask the clinicians to read it. Raises NotAllowed and CannotFreeze."""
    _take(version, Version.Status.DRAFT, _("Only a draft can be sent for review."))
    version.document = freeze(version)
    version.document_hash = document_hash(version.document)
    version.status = Version.Status.IN_REVIEW
    version.save()
    record(version, VersionEvent.Kind.SUBMITTED, by)
    signers = staff_with("procedures.sign_version").filter(clinician__isnull=False)
    write_to(
        signers.exclude(pk__in=_writers(version)),
        "page-to-sign",
        path=reverse("admin:procedures_version_review", args=[version.pk]),
        dedupe_key=f"version:{version.pk}:{version.events.count()}",
    )


@transaction.atomic
def send_back(version: Version, by, note: str) -> None:
    """Make a version in review a draft again; `note` says what to change. Raises NotAllowed."""
    _take(version, Version.Status.IN_REVIEW, _("This page is not in review."))
    if not note.strip():
        raise NotAllowed(_("Say what to change."))
    version.document, version.document_hash = None, ""
    version.status = Version.Status.DRAFT
    version.save()
    record(version, VersionEvent.Kind.SENT_BACK, by, note)


# Signing


@transaction.atomic
def sign(version: Version, by, *, seen_hash: str, next_review: datetime.date) -> None:
    """A clinician puts their name under exactly the words that hash to `seen_hash`; readers see them from `live_from`.

    `by` may sign, is a clinician of the practice, and wrote none of it. Raises NotAllowed.
    """
    _take(version, Version.Status.IN_REVIEW, _("Only a page in review can be signed."))
    if why_not := why_not_sign(version, by):
        raise NotAllowed(why_not)
    if not seen_hash == version.document_hash == document_hash(version.document):
        raise NotAllowed(_("These are not the words you were shown. Read the page again, then sign."))
    today = timezone.localdate()
    if next_review <= today:
        raise NotAllowed(_("The next check must be on a later day."))
    live_from = version.live_from or timezone.now()
    if version.live_until and version.live_until <= max(live_from, timezone.now()):
        raise NotAllowed(_("“Live until” has passed: nobody would ever see the page."))
    version.reviewer, version.signed_by = by.clinician, by
    version.reviewed_on, version.next_review = today, next_review
    version.live_from = live_from
    version.status = Version.Status.APPROVED
    version.save()
    record(version, VersionEvent.Kind.SIGNED, by)


def why_not_sign(version: Version, user) -> str:
    """Why `user` may not sign `version`, in words; "" if they may."""
    if not user.has_perm("procedures.sign_version"):
        return _("Only clinicians sign pages.")
    if not getattr(user, "clinician", None):
        return _("Your account is not joined to a clinician of the practice. Ask the owner to do that.")
    if user.pk in _writers(version):
        return _("You wrote or edited this version. Somebody else must sign it.")
    return ""


def _writers(version):
    """Primary keys of everybody who wrote in this version."""
    wrote = version.events.filter(kind__in=WROTE, by__isnull=False)
    return {version.author_id, *wrote.values_list("by", flat=True)} - {None}


def staff_with(permission: str):
    """Active accounts with `permission` that can be written to."""
    users = get_user_model().objects.with_perm(permission, backend="django.contrib.auth.backends.ModelBackend")
    return users.exclude(email="").order_by("pk")


# What readers see


@transaction.atomic
def publish_sample(version: Version, by=None) -> None:
    """Freeze a draft and show it as a sample. Raises NotAllowed and CannotFreeze."""
    # Locked before the page, as by whoever turns the switch: no sample slips in behind them.
    if not Practice.objects.select_for_update().filter(sample_content=True).exists():
        raise NotAllowed(_("Samples are shown only while the practice’s switch for sample content is on."))
    _take(version, Version.Status.DRAFT, _("Only a draft can be published as a sample."))
    show_as_sample(version, freeze(version))
    record(version, VersionEvent.Kind.SHOWN_AS_SAMPLE, by)


def show_as_sample(version, document):
    version.document = document
    version.document_hash = document_hash(document)
    version.status = Version.Status.SAMPLE
    version.live_from = timezone.now()
    version.live_until = None
    version.save()


@transaction.atomic
def take_samples_back() -> None:
    """Sample content is over: samples become drafts to be signed, unless a newer version has taken their place."""
    articles = Article.objects.filter(versions__status=Version.Status.SAMPLE).order_by("pk").distinct()
    for article in articles:
        lock(article)
        for version in article.versions.filter(status=Version.Status.SAMPLE):  # as it is now that nobody else moves it
            _take_sample_back(article, version)


def _take_sample_back(article, version):
    if article.versions.filter(number__gt=version.number).exists():
        version.status = Version.Status.WITHDRAWN
        record(version, VersionEvent.Kind.WITHDRAWN)
    else:
        version.status, version.document, version.document_hash = Version.Status.DRAFT, None, ""
        version.live_from = None
        record(version, VersionEvent.Kind.SENT_BACK, note=_("Sample content was switched off."))
    version.save()


@transaction.atomic
def schedule(version: Version, by, *, live_from, live_until) -> None:
    """From when and until when (aware, None: for good) readers see a signed version. Raises NotAllowed."""
    _take(version, Version.Status.APPROVED, _("Only a signed page has dates."))
    if live_until and live_until <= live_from:
        raise NotAllowed(_("“Live until” must be later than “live from”."))
    version.live_from, version.live_until = live_from, live_until
    version.save()
    record(version, VersionEvent.Kind.SCHEDULED, by)


@transaction.atomic
def withdraw(article: Article, by=None) -> int:
    """Take every shown version of `article` back, older and coming ones too, at once; how many there were.

    Its translations go with it: they say the same.
    """
    family = Article.objects.filter(Q(pk=article.pk) | Q(translation_of=article)).order_by("pk")
    shown = list(Version.objects.filter(article__in=list(family.select_for_update()), status__in=SHOWN))
    for version in shown:
        version.status = Version.Status.WITHDRAWN
        version.save()
        record(version, VersionEvent.Kind.WITHDRAWN, by)
    return len(shown)


@transaction.atomic
def change_address(article: Article, slug: str) -> None:
    """Give `article` and its translations another slug. If readers have seen it, the former address leads to the new.

    Raises NotAllowed if the address is that of another page, or was, or if `article` is a translation.
    """
    article = lock(article)
    if article.translation_of_id:
        raise NotAllowed(_("A translation has the address of its original. Change it there."))
    family = Article.objects.filter(Q(pk=article.pk) | Q(translation_of=article))
    taken = Article.objects.filter(slug=slug).exclude(pk__in=family)
    former = FormerSlug.objects.filter(slug=slug)
    if slug in RESERVED_SLUGS or taken.exists() or former.exclude(article=article).exists():
        raise NotAllowed(_("Another page has this address, or had it."))
    former.delete()  # back to an address that it had
    if slug != article.slug and Version.objects.filter(article__in=family, live_from__lte=timezone.now()).exists():
        article.former_slugs.create(slug=article.slug)
    family.update(slug=slug)


def _take(version, status, refusal):
    """Lock the page and read `version` again: somebody may have moved it meanwhile."""
    lock(version.article)
    version.refresh_from_db()
    if version.status != status:
        raise NotAllowed(refusal)


def write_to(users, kind, *, path, dedupe_key, **values) -> None:
    """A mail to each of `users`, once per `dedupe_key`. It names no page: the link leads there."""
    practice = current_practice()
    known = {"path": path, "phone_display": practice.phone_display, "from_name": practice.short_name}
    for user in users:
        enqueue(kind, to=user.email, dedupe_key=f"{dedupe_key}:{user.pk}", context=known | values)
