"""Uploaded pictures: what is taken, what is removed, how they are kept, served, shown and deleted."""

import hashlib
from io import BytesIO

import brotli
import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.template.loader import render_to_string
from django.urls import reverse
from PIL import Image, ImageCms, features

from procedures import pictures
from procedures.freeze import freeze
from procedures.models import Picture
from procedures.page import Page
from procedures.services import publishing
from tests.factories import UserFactory
from tests.procedures import library

DIGEST = "ab" * 32


@pytest.fixture(autouse=True)
def media(tmp_path, settings):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT / "pictures"


def photo(width=1000, height=500, mode="RGB", form="JPEG", **options):
    """An upload whose left half is red and whose right half is blue."""
    image = Image.new(mode, (width, height), options.pop("color", "red"))
    image.paste("blue" if mode != "L" else 10, (width // 2, 0, width, height))
    return upload(image, form, **options)


def upload(image, form="JPEG", **options):
    buffer = BytesIO()
    image.save(buffer, form, **options)
    return SimpleUploadedFile("photo", buffer.getvalue())


def refusal(file):
    with pytest.raises(ValidationError) as caught:
        pictures.clean(file)
    return caught.value.messages[0]


def is_reddish(colour):
    return colour[0] > 200 and colour[1] < 60 and colour[2] < 60


# What is taken


def test_pillow_writes_every_type():
    assert (features.check("avif"), features.check("webp"), features.check("jpg")) == (True, True, True)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_type_is_read_from_the_content(form):
    file = photo(form=form)
    file.name = "letter.docx"

    assert pictures.clean(file).image.size == (1000, 500)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"GIF89a\x01\x00\x01\x00\x00\x00\x00;",
        b"%PDF-1.7",
        photo().read()[:900],
        photo(form="PNG").read()[:200],
        photo(form="WEBP").read()[:100],
    ],
    ids=["empty", "svg", "gif", "pdf", "half a JPEG", "half a PNG", "half a WebP"],
)
def test_file_that_is_no_whole_picture_is_refused(content):
    assert refusal(SimpleUploadedFile("photo.jpg", content)) == (
        "We cannot read this file. Use a picture saved as JPEG, PNG or WebP."
    )


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP"])
def test_broken_files_are_refused_in_words(form):
    whole = photo(600, 300, form=form).read()
    outcomes = set()
    for place in range(0, len(whole), max(len(whole) // 60, 1)):
        broken = whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :]
        try:
            pictures.clean(SimpleUploadedFile("photo", broken))
        except ValidationError:
            outcomes.add("refused")
        else:
            outcomes.add("read")

    assert "refused" in outcomes


def test_large_file_is_refused(settings):
    settings.MAX_FILE_BYTES = 100

    assert refusal(photo()) == "This file is larger than 10 MB. Save the picture smaller, then try again."


@pytest.mark.parametrize(("width", "height"), [(8000, 5001), (12_000, 9000), (30_000, 30_000)])
def test_decompression_bomb_is_refused_before_it_is_decoded(width, height, monkeypatch):
    header = Image.new("1", (width, height))
    file = upload(header, "PNG")
    assert file.size < 200_000
    monkeypatch.setattr(Image.Image, "load", lambda image: pytest.fail("decoded"))

    assert refusal(file) == "This picture has more than 40 million pixels. Save it smaller, then try again."


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
def test_moving_picture_is_refused(form):
    frames = [Image.new("RGB", (500, 300), colour) for colour in ("red", "blue")]

    file = upload(frames[0], form, save_all=True, append_images=frames[1:])

    assert refusal(file) == "This picture moves. Use one that stands still."


def test_small_picture_is_refused():
    assert refusal(photo(399, 300)) == (
        "This picture is only 399 pixels wide. It needs at least 400, or it looks blurred."
    )


def test_first_picture_of_a_phone_that_stores_two_is_taken():
    second = Image.new("RGB", (100, 50), "green")

    cleaned = pictures.clean(upload(Image.new("RGB", (500, 300), "red"), "MPO", save_all=True, append_images=[second]))

    assert (cleaned.image.size, is_reddish(cleaned.image.getpixel((5, 5)))) == ((500, 300), True)


# What is removed


def gps_exif(orientation=1):
    exif = Image.Exif()
    exif[0x010F] = "Camera of Mary Demo"
    exif[0x0112] = orientation
    exif.get_ifd(0x8825).update({1: "N", 2: (27.0, 42.0, 31.0), 3: "W", 4: (82.0, 22.0, 12.0)})
    return exif


def test_place_camera_comments_and_profile_are_removed(media):
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = b"<x:xmpmeta>Mary Demo</x:xmpmeta>"
    file = photo(exif=gps_exif(), comment=b"Mary Demo", icc_profile=profile, xmp=xmp)
    assert file.read().count(b"Mary Demo") == 3  # the control: it is all there

    cleaned = pictures.clean(file)
    pictures.write(cleaned)

    files = sorted((media / cleaned.digest).iterdir())
    assert len(files) == 9
    for path in files:
        with Image.open(path) as image:
            left = (
                dict(image.getexif()),
                image.getexif().get_ifd(0x8825),
                set(image.info) & {"exif", "xmp", "comment"},
            )
            assert (left, image.info.get("icc_profile")) == (({}, {}, set()), None), path.name
        assert b"Mary Demo" not in path.read_bytes()


@pytest.mark.parametrize(
    ("orientation", "size", "red_at"),
    [(1, (800, 400), (10, 10)), (3, (800, 400), (790, 390)), (6, (400, 800), (10, 10))],
)
def test_picture_is_turned_as_the_camera_was_held(orientation, size, red_at):
    cleaned = pictures.clean(photo(800, 400, exif=gps_exif(orientation)))

    assert (cleaned.image.size, is_reddish(cleaned.image.getpixel(red_at))) == (size, True)


def test_same_picture_is_one_whatever_the_camera_wrote():
    plain, tagged, other = photo(quality=90), photo(quality=90, exif=gps_exif()), photo(quality=90, height=501)

    digests = [pictures.clean(file).digest for file in (plain, tagged, other)]

    assert (digests[0] == digests[1], digests[0] == digests[2]) == (True, False)


def test_digest_is_that_of_the_size_and_the_pixels():
    cleaned = pictures.clean(photo(400, 10, form="PNG"))

    pixels = (b"\xff\x00\x00" * 200 + b"\x00\x00\xff" * 200) * 10
    assert cleaned.digest == hashlib.sha256(b"400x10 " + pixels).hexdigest()


def test_other_colour_space_becomes_srgb():
    """A profile whose red and green are exchanged."""
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    profile = profile.replace(b"rXYZ", b"RXYZ").replace(b"gXYZ", b"rXYZ").replace(b"RXYZ", b"gXYZ")

    colours = [
        pictures.clean(photo(400, 10, form="PNG", color=(255, 0, 0), **options)).image.getpixel((0, 0))
        for options in ({}, {"icc_profile": profile}, {"icc_profile": b"not a profile"})
    ]

    assert colours == [(255, 0, 0), (0, 255, 0), (255, 0, 0)]


@pytest.mark.parametrize("mode", ["L", "LA", "P", "RGBA", "CMYK", "I;16"])
def test_every_kind_of_pixels_is_taken(mode):
    image = Image.new("RGB", (400, 100), "white").convert("L" if mode == "I;16" else mode)
    if mode == "I;16":
        image = Image.frombytes("I;16", (400, 100), b"\xff\xff" * 40_000)

    cleaned = pictures.clean(upload(image, "JPEG" if mode == "CMYK" else "PNG"))

    assert (cleaned.image.mode, cleaned.image.getpixel((0, 0))) == ("RGB", (255, 255, 255))


def test_clear_parts_become_white():
    cleaned = pictures.clean(upload(Image.new("RGBA", (400, 10), (0, 0, 0, 0)), "PNG"))

    assert cleaned.image.getpixel((0, 0)) == (255, 255, 255)


# How it is kept


@pytest.mark.parametrize(
    ("width", "kept"), [(400, [400]), (700, [400, 700]), (1600, [400, 800, 1600]), (4000, [400, 800, 1600])]
)
def test_picture_is_kept_in_widths_that_it_has(media, width, kept):
    cleaned = pictures.clean(photo(width, width // 4))

    pictures.write(cleaned)

    sizes = {}
    for path in (media / cleaned.digest).iterdir():
        with Image.open(path) as image:
            sizes[path.name] = (image.size, image.format)
    assert sizes == {
        f"{narrow}.{extension}": ((narrow, narrow // 4), form)
        for narrow in kept
        for extension, form in (("avif", "AVIF"), ("webp", "WEBP"), ("jpg", "JPEG"))
    }


def test_long_picture_is_no_higher_than_browsers_take():
    assert pictures.clean(photo(2000, 8000)).image.size == (800, 3200)


def test_write_leaves_nothing_half_done(media, monkeypatch):
    cleaned = pictures.clean(photo())
    monkeypatch.setitem(pictures.TYPES, "jpg", ("image/jpeg", {"format": "no such format"}))

    with pytest.raises(KeyError):
        pictures.write(cleaned)

    assert list(media.iterdir()) == []


def test_write_keeps_the_files_that_are_there(media):
    cleaned = pictures.clean(photo())
    pictures.write(cleaned)
    before = {path: path.stat().st_mtime_ns for path in media.rglob("*.*")}

    pictures.write(cleaned)

    assert {path: path.stat().st_mtime_ns for path in media.rglob("*.*")} == before


# How it is served


@pytest.fixture
def stored():
    cleaned = pictures.clean(photo())
    pictures.write(cleaned)
    return cleaned.digest


@pytest.mark.parametrize(("extension", "mime"), [("avif", "image/avif"), ("webp", "image/webp"), ("jpg", "image/jpeg")])
def test_picture_is_served_for_ever_as_what_it_is(client, db, stored, media, extension, mime):
    response = client.get(f"/media/pictures/{stored}/400.{extension}", headers={"accept-encoding": "gzip, br"})

    content = (media / stored / f"400.{extension}").read_bytes()
    wanted = {
        "Content-Type": mime,
        "Content-Length": str(len(content)),
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    assert (response.status_code, {name: response[name] for name in wanted}) == (200, wanted)
    assert (b"".join(response), "Content-Encoding" in response, "Set-Cookie" in response) == (content, False, False)


def test_head_gives_the_headers_alone(client, db, stored, media):
    response = client.head(f"/media/pictures/{stored}/400.jpg")

    assert (response.status_code, b"".join(response)) == (200, b"")
    assert response["Content-Length"] == str((media / stored / "400.jpg").stat().st_size)


def test_picture_takes_no_query(client, stored, django_assert_num_queries, db):
    with django_assert_num_queries(0):
        client.get(f"/media/pictures/{stored}/400.jpg").close()


@pytest.mark.parametrize(
    "address",
    [
        f"/media/pictures/{DIGEST}/400.jpg",
        "/media/pictures/STORED/401.jpg",
        "/media/pictures/STORED/400.png",
        "/media/pictures/STORED/0400.jpg",
        "/media/pictures/STORED/400.jpg/",
        "/media/pictures/STORED/",
        "/media/pictures/STORED/..%2f..%2fdb.sqlite3",
        "/media/pictures/../400.jpg",
        "/media/",
    ],
)
def test_anything_else_is_not_found(client, db, stored, address):
    assert client.get(address.replace("STORED", stored)).status_code == 404


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_pictures_are_only_read(client, db, stored, method):
    assert getattr(client, method)(f"/media/pictures/{stored}/400.jpg").status_code == 405


# How it is shown


def row(digest=DIGEST, **fields):
    defaults = {"digest": digest, "width": 1000, "height": 500, "title": "Waiting room", "credit": "Demo, CC BY 4.0"}
    return Picture.objects.create(**defaults | fields)


def use(picture, version=None, **fields):
    version = version or library.draft()
    return version.pictureuse_rows.create(
        section="what-is-it", picture=picture, alt="A room for talks.", caption="Ours", **fields
    )


def test_photo_offers_every_type_and_width():
    shown = pictures.shown({"digest": DIGEST, "width": 1000, "height": 500, "credit": "Demo"})

    html = render_to_string("procedures/_photo.html", {"photo": shown, "alt": 'A "room".'}).strip()

    def srcset(extension):
        return ", ".join(f"/media/pictures/{DIGEST}/{width}.{extension} {width}w" for width in (400, 800, 1000))

    sizes = "auto, (min-width: 60em) 46rem, 94vw"
    assert html == (
        f'<picture><source type="image/avif" srcset="{srcset("avif")}" sizes="{sizes}">'
        f'<source type="image/webp" srcset="{srcset("webp")}" sizes="{sizes}">'
        f'<img src="/media/pictures/{DIGEST}/800.jpg" srcset="{srcset("jpg")}" sizes="{sizes}" '
        'width="1000" height="500" alt="A &quot;room&quot;." loading="lazy"></picture>'
    )


def test_page_shows_the_frozen_picture_with_caption_and_credit(client, practice):
    version = library.draft()
    use(row(), version)
    publishing.show_as_sample(version, freeze(version))
    Picture.objects.update(credit="Somebody else")

    html = client.get("/procedures/mild/").content.decode()

    assert f'<img src="/media/pictures/{DIGEST}/800.jpg"' in html
    assert "<figcaption>Ours <small>Picture: Demo, CC BY 4.0</small></figcaption>" in html


def test_pictures_take_a_few_hundred_bytes_of_the_page(db):
    version = library.draft()
    page = Page(freeze(version), {})
    plain = render_to_string("procedures/_pictures.html", {"pictures": page.parts[0].pictures})
    digests = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(2)]
    photos = [
        pictures.shown({"digest": digest, "width": 1600, "height": 900, "credit": "Demo, CC BY 4.0"})
        for digest in digests
    ]
    shown = [{"photo": photo, "alt": "A room.", "caption": "Ours"} for photo in photos]

    one, two = (render_to_string("procedures/_pictures.html", {"pictures": shown[:count]}) for count in (1, 2))

    sizes = [len(brotli.compress(f"{plain}{html}".encode())) for html in ("", one, two)]
    assert (sizes[1] - sizes[0] < 300, sizes[2] - sizes[1] < 150) == (True, True), sizes


# How an editor works with it


@pytest.fixture
def editor(client, practice):
    user = UserFactory(is_superuser=True)
    client.force_login(user)
    return user


def send(client, file, title="Waiting room"):
    return client.post(
        reverse("admin:procedures_picture_add"), {"file": file, "title": title, "credit": "Demo, CC BY 4.0"}
    )


def test_upload_becomes_a_row_with_files(client, editor, media):
    response = send(client, photo(exif=gps_exif()))

    assert response.status_code == 302
    picture = Picture.objects.get()
    assert (picture.width, picture.height, picture.uploaded_by) == (1000, 500, editor)
    assert sorted(path.name for path in media.rglob("*.avif")) == ["1000.avif", "400.avif", "800.avif"]


def test_upload_of_the_same_picture_names_the_one_that_is_there(client, editor, media):
    send(client, photo())

    response = send(client, photo(exif=gps_exif()), title="Another title")

    assert response.context["adminform"].form.errors == {"file": ["This picture is here already: “Waiting room”."]}
    assert (Picture.objects.count(), len(list(media.iterdir()))) == (1, 1)


def test_refusal_is_shown_at_the_field_and_nothing_is_kept(client, editor, media):
    response = send(client, SimpleUploadedFile("a.jpg", b"text"))

    assert list(response.context["adminform"].form.errors) == ["file"]
    assert (Picture.objects.count(), media.exists()) == (0, False)


def test_file_of_a_picture_cannot_be_replaced(client, editor, media):
    send(client, photo())
    picture = Picture.objects.get()
    address = reverse("admin:procedures_picture_change", args=[picture.pk])

    html = client.get(address).content.decode()
    client.post(
        address, {"title": "New title", "credit": "Demo", "file": photo(500, 400), "digest": DIGEST, "width": 1}
    )

    after = Picture.objects.get()
    assert ('type="file"' in html, f"/media/pictures/{picture.digest}/400.webp" in html) == (False, True)
    assert (after.title, after.digest, after.width) == ("New title", picture.digest, 1000)


def test_editors_alone_upload(client, practice):
    client.force_login(UserFactory())

    assert send(client, photo()).status_code == 403
    assert not Picture.objects.exists()


@pytest.mark.parametrize("frozen_only", [False, True])
def test_used_picture_is_not_deleted_and_its_pages_are_listed(client, editor, frozen_only):
    picture = row()
    version = library.draft()
    used = use(picture, version)
    publishing.show_as_sample(version, freeze(version))
    if frozen_only:
        used.delete()
    address = reverse("admin:procedures_picture_delete", args=[picture.pk])

    pages = [
        client.get(reverse(f"admin:procedures_picture_{name}", args=[picture.pk])) for name in ("change", "delete")
    ]
    refused = client.post(address, {"post": "yes"})

    link = reverse("admin:procedures_version_change", args=[version.pk])
    line = f'<li><a href="{link}">{version.title}</a> ({version}): Readers see it</li>'
    assert [line in page.content.decode() for page in pages] == [True, True]
    assert 'name="post"' not in pages[1].content.decode()
    assert (refused.status_code, Picture.objects.count()) == (403, 1)


def test_unused_picture_is_deleted_with_its_files_after_the_commit(
    client, editor, media, django_capture_on_commit_callbacks
):
    send(client, photo())
    picture = Picture.objects.get()
    address = reverse("admin:procedures_picture_delete", args=[picture.pk])

    asked = client.get(address).content.decode()
    with django_capture_on_commit_callbacks() as callbacks:
        client.post(address, {"post": "yes"})
    before = list(media.iterdir())
    for callback in callbacks:
        callback()

    assert "No page uses it." in asked
    assert (len(before), list(media.iterdir()), Picture.objects.count()) == (1, [], 0)


def test_files_stay_if_the_same_picture_was_uploaded_again_meanwhile(
    client, editor, media, django_capture_on_commit_callbacks
):
    send(client, photo())
    picture = Picture.objects.get()

    with django_capture_on_commit_callbacks() as callbacks:
        client.post(reverse("admin:procedures_picture_delete", args=[picture.pk]), {"post": "yes"})
    row(picture.digest)
    for callback in callbacks:
        callback()

    assert len(list(media.iterdir())) == 1


@pytest.mark.parametrize("count", [1, 3])
def test_list_takes_as_many_queries_for_many_rows(client, editor, django_assert_num_queries, count):
    for number in range(count):
        row(f"{number:064x}", title=f"Picture {number}")

    with django_assert_num_queries(11):
        client.get(reverse("admin:procedures_picture_changelist"))


@pytest.mark.parametrize("count", [1, 3])
def test_page_takes_as_many_queries_for_many_uses(client, editor, django_assert_num_queries, count):
    picture = row()
    for number in range(count):
        use(picture, library.draft(f"page-{number}"))

    address = reverse("admin:procedures_picture_change", args=[picture.pk])
    client.get(address)  # Django keeps what it has asked about the kinds of rows

    with django_assert_num_queries(12):
        client.get(address)
