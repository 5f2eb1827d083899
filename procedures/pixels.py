"""The pixels of a picture that somebody sent, and nothing else of it. No Django here: a process of its own runs it."""

import struct
from io import BytesIO

from PIL import Image, ImageCms, ImageOps

# What Pillow raises on files that are broken, or made to break it.
UNREADABLE = (OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, EOFError, struct.error)
BOMBS = (Image.DecompressionBombError, Image.DecompressionBombWarning)


def upright(image: Image.Image, most: tuple[int, int]) -> Image.Image:
    """RGB pixels in sRGB on white, turned as the camera was held, no wider and no higher than `most`."""
    image.load()
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith("I"):  # 16 bits of gray, as X-rays have them: Pillow would make all but the darkest white
        image = image.convert("I").point(lambda gray: gray / 256).convert("L")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    image = _in_srgb(image, profile)
    image.thumbnail(most, Image.Resampling.LANCZOS)
    return image


def _in_srgb(image, profile):
    if profile and image.mode in ("RGB", "CMYK", "L"):
        try:
            source = ImageCms.ImageCmsProfile(BytesIO(profile))
            return ImageCms.profileToProfile(image, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError):
            pass  # a profile that says nothing usable: the pixels are taken as they are
    return image.convert("RGB")
