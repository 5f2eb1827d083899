"""Writing a patient's file anew, in a process that does nothing else: `main` reads it from a pipe, answers on one.

No Django and no setting of ours here; whatever goes wrong with a file is an answer. `appointments.sandbox` starts it.
"""

import resource
import sys
from contextlib import suppress
from io import BytesIO

# Before anything is loaded that reads a file of somebody else's. Each limit is (what, how much).
LIMITS = (
    (resource.RLIMIT_AS, 1024 * 1024 * 1024),
    (resource.RLIMIT_CPU, 15),
    (resource.RLIMIT_FSIZE, 0),
    (resource.RLIMIT_NOFILE, 32),
    (resource.RLIMIT_CORE, 0),
)
MOST_PIXELS = 50_000_000  # the largest photo of a phone has 48 million
MOST_SIDE = 4096  # small print of a whole page can still be read
MOST_PAGES = 200
JPEG_QUALITY = 85

# The answers that name a kind are followed by the new file; those that name a refusal, by nothing.
PDF, JPEG, PNG = "pdf", "jpeg", "png"
LOCKED, WRONG_TYPE, UNREADABLE = "locked", "wrong-type", "unreadable"

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"mif1"}
HEADER_BYTES = 1024  # readers look for the beginning and the end of a PDF in this much

# A page as it is printed: no notes, forms, links, scripts and previews hang on it.
PAGE_KEYS = {"/Type", "/Parent", "/MediaBox", "/CropBox", "/Rotate", "/UserUnit", "/Contents", "/Resources", "/Group"}
# What may hang on any other object and is not drawn: actions, files, data of programs, pages of other files.
UNDRAWN_KEYS = ("/AA", "/AF", "/EF", "/JS", "/Metadata", "/OPI", "/PieceInfo", "/Ref", "/URI")
STREAM_KEYS = ("/F", "/FFilter", "/FDecodeParms")  # a stream whose bytes lie in a file outside


class Refused(Exception):
    """The file is not taken; the argument is the answer."""


def main():
    for what, most in LIMITS:
        resource.setrlimit(what, (most, most))
    answer, content = answer_to(sys.stdin.buffer.read())
    sys.stdout.buffer.write(answer.encode() + b"\n" + content)


def answer_to(content: bytes) -> tuple[str, bytes]:
    """(kind, the file written anew), or (refusal, b"")."""
    rebuild = REBUILDERS.get(type_of(content))
    if rebuild is None:
        return WRONG_TYPE, b""
    try:
        return rebuild(content)
    except Refused as refused:
        return str(refused), b""
    except ImportError:
        raise  # not the file's fault
    except Exception:  # libraries raise what they like on a file that is made to break them
        return UNREADABLE, b""


def type_of(content: bytes) -> str:
    """Which of REBUILDERS reads this, by what stands in it; "" for everything else."""
    if content.startswith(b"\xff\xd8\xff"):
        return "JPEG"
    if content.startswith(b"\x89PNG\r\n\x1a\n"):
        return "PNG"
    if content[4:8] == b"ftyp" and content[8:12] in HEIC_BRANDS:
        return "HEIF"
    return "PDF" if b"%PDF-" in content[:HEADER_BYTES] else ""


# Pictures


def jpeg(content):
    return JPEG, _saved(_picture(content, "JPEG"), format="JPEG", quality=JPEG_QUALITY, optimize=True)


def png(content):
    return PNG, _saved(_picture(content, "PNG"), format="PNG")


def heif(content):
    import pillow_heif

    # More threads would each want memory of their own. (One it always starts, so no limit may forbid that.)
    pillow_heif.register_heif_opener(thumbnails=False, depth_images=False, aux_images=False, decode_threads=1)
    return JPEG, _saved(_picture(content, "HEIF"), format="JPEG", quality=JPEG_QUALITY, optimize=True)


def _picture(content, format):
    from PIL import Image

    from procedures import pixels

    Image.MAX_IMAGE_PIXELS = None  # ours is the limit, and it is a refusal, not a warning
    image = Image.open(BytesIO(content), formats=[format])
    if image.width * image.height > MOST_PIXELS:
        raise Refused(UNREADABLE)
    image = pixels.upright(image, (MOST_SIDE, MOST_SIDE))
    # Made anew from the pixels alone: place, camera, time and comments have no way along.
    return Image.frombytes(image.mode, image.size, image.tobytes())


def _saved(image, **options):
    new = BytesIO()
    image.save(new, **options)
    return new.getvalue()


# PDF


def pdf(content):
    import pikepdf

    # A file that was cut off is not repaired: half a report would look like a whole one.
    is_whole = b"%%EOF" in content[-HEADER_BYTES:]
    try:
        given = pikepdf.open(BytesIO(content), attempt_recovery=is_whole, suppress_warnings=True)
    except pikepdf.PasswordError:
        raise Refused(LOCKED) from None
    with given, pikepdf.new() as new:
        if not 0 < len(given.pages) <= MOST_PAGES or _is_drawn_by_a_program(given):
            raise Refused(UNREADABLE)
        # What was filled in or stamped on a page becomes part of it.
        given.generate_appearance_streams()
        given.flatten_annotations("all")
        new.pages.extend(given.pages)
        _keep_what_is_drawn(new)
        return PDF, _written(new)


def _is_drawn_by_a_program(given):
    """Whether the pages only say "Please wait": an XFA form, which Adobe's program alone can show."""
    form = given.Root.get("/AcroForm")
    return form is not None and "/XFA" in form and bool(given.Root.get("/NeedsRendering", False))


def _keep_what_is_drawn(new):
    import pikepdf

    for page in new.pages:
        for key in page.obj.keys() - PAGE_KEYS:
            del page.obj[key]
    for thing in new.objects:
        is_stream = isinstance(thing, pikepdf.Stream)
        if is_stream:
            _unpack(thing)
        if is_stream or isinstance(thing, pikepdf.Dictionary):
            for key in (*UNDRAWN_KEYS, *(STREAM_KEYS if is_stream else ())):
                if key in thing:
                    del thing[key]


def _unpack(stream):
    """A stream that grows without end meets our limit of memory, and not the reader's.

    To pack it again would not be enough: that needs no memory, and a fast machine is done before its time is over.
    """
    import pikepdf

    # A picture is not unpacked but copied.
    with suppress(pikepdf.PdfError):
        stream.read_bytes()


def _written(new):
    import pikepdf

    written = BytesIO()
    new.save(
        written,
        recompress_flate=True,
        stream_decode_level=pikepdf.StreamDecodeLevel.generalized,
        fix_metadata_version=False,
    )
    return written.getvalue()


REBUILDERS = {"JPEG": jpeg, "PNG": png, "HEIF": heif, "PDF": pdf}
