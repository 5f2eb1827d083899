"""Uploaded pictures: cleaned, and kept in several widths under names made of what is in them.

A picture lies in MEDIA_ROOT/pictures/<digest>/ as <width>.<type>. Nothing there ever changes: the frozen
document that a clinician signs names the digest.
"""

import hashlib
import os
import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.translation import gettext as _
from PIL import Image

from procedures.pixels import BOMBS, UNREADABLE, upright

FORMATS = ("JPEG", "PNG", "WEBP")
MOST_PIXELS = 40_000_000
WIDTHS = (400, 800, 1600)
MOST_HEIGHT = 3200
# The best for the reader's data plan first; a browser takes the first one that it knows.
TYPES = {
    "avif": ("image/avif", {"format": "AVIF", "quality": 58, "speed": 6}),
    "webp": ("image/webp", {"format": "WEBP", "quality": 78}),
    "jpg": ("image/jpeg", {"format": "JPEG", "quality": 80, "optimize": True, "progressive": True}),
}


@dataclass(frozen=True)
class Cleaned:
    """The pixels of an upload in its widest rendition, in sRGB, upright, with nothing else."""

    image: Image.Image
    digest: str


def clean(file) -> Cleaned:
    """What readers may see of an uploaded `file` (a binary file with `size`). Raises ValidationError in plain words."""
    if file.size > settings.MAX_FILE_BYTES:
        raise ValidationError(
            _("This file is larger than %(most)d MB. Save the picture smaller, then try again.")
            % {"most": settings.MAX_FILE_MEGABYTES}
        )
    try:
        image = upright(_opened(file), (WIDTHS[-1], MOST_HEIGHT))
    except BOMBS as error:
        raise ValidationError(
            _("This picture has more than 40 million pixels. Save it smaller, then try again.")
        ) from error
    except UNREADABLE as error:
        raise ValidationError(_("We cannot read this file. Use a picture saved as JPEG, PNG or WebP.")) from error
    if image.width < WIDTHS[0]:
        raise ValidationError(
            _("This picture is only %(width)d pixels wide. It needs at least %(least)d, or it looks blurred.")
            % {"width": image.width, "least": WIDTHS[0]}
        )
    pixels = image.tobytes()
    size = f"{image.width}x{image.height} "
    # Made anew from the pixels alone: place, camera, time and comments have no way along.
    return Cleaned(
        Image.frombytes("RGB", image.size, pixels),
        hashlib.sha256(size.encode() + pixels).hexdigest(),
    )


def _opened(file):
    """The picture, not yet decoded: its type is read from the content, whatever its name says."""
    image = Image.open(file, formats=FORMATS)
    if image.width * image.height > MOST_PIXELS:
        raise Image.DecompressionBombError
    # Phones put a second picture into a JPEG ("MPO"); the first one is what they show.
    if getattr(image, "is_animated", False) and image.format != "MPO":
        raise ValidationError(_("This picture moves. Use one that stands still."))
    return image


def widths(width: int) -> list[int]:
    """The widths in pixels that a picture of `width` is kept in: never wider than it is."""
    return [*(narrower for narrower in WIDTHS if narrower < width), width]


def path(digest: str, width: int, extension: str) -> Path:
    return folder(digest) / f"{width}.{extension}"


def folder(digest: str) -> Path:
    return Path(settings.MEDIA_ROOT) / "pictures" / digest


def write(cleaned: Cleaned) -> None:
    """Write every width and type of `cleaned`, all of them or none."""
    target = folder(cleaned.digest)
    if target.exists():
        return  # named for its content, so it is the same
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = Path(tempfile.mkdtemp(dir=target.parent, prefix=".new-"))
    try:
        for width in widths(cleaned.image.width):
            height = max(1, round(cleaned.image.height * width / cleaned.image.width))
            image = cleaned.image.resize((width, height), Image.Resampling.LANCZOS)
            for extension, (__, options) in TYPES.items():
                image.save(fresh / f"{width}.{extension}", **options)
        fresh.chmod(0o755)
        os.rename(fresh, target)
    except OSError:
        if not target.exists():  # else somebody wrote the same meanwhile
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def remove(digest: str) -> None:
    """Delete the files of a picture."""
    shutil.rmtree(folder(digest), ignore_errors=True)


def shown(picture: dict) -> dict:
    """A frozen picture (digest, width, height, credit) for the template, with its addresses: `sources` as (MIME type,
    srcset), and `srcset` and `src` for browsers that know none of those types."""
    kept = widths(picture["width"])
    sources = [
        (mime_type, ", ".join(f"{url(picture['digest'], width, extension)} {width}w" for width in kept))
        for extension, (mime_type, __) in TYPES.items()
    ]
    middle = kept[len(kept) // 2]
    return picture | {"sources": sources[:-1], "srcset": sources[-1][1], "src": url(picture["digest"], middle, "jpg")}


def url(digest: str, width: int, extension: str) -> str:
    return reverse("picture", args=[digest, width, extension])
