"""Small files as patients send them, made here."""

from io import BytesIO

import pikepdf
import pillow_heif
from django.core.files.uploadedfile import InMemoryUploadedFile
from PIL import Image

pillow_heif.register_heif_opener()


def picture(format="JPEG", size=(60, 40), color="red", **options):
    """One colour, with a darker corner on top left, so that turning it shows."""
    image = Image.new("RGB", size, color)
    image.paste("black", (0, 0, size[0] // 2, size[1] // 2))
    return _saved(lambda file: image.save(file, format, **options))


def document(words=b"L4/L5 narrow", *, change=None, **options):
    """A PDF of one page that says `words`; `change` is called with it before it is saved."""
    with pikepdf.new() as pdf:
        page = pdf.add_blank_page()
        font = pikepdf.Dictionary(Type=pikepdf.Name.Font, Subtype=pikepdf.Name.Type1, BaseFont=pikepdf.Name.Helvetica)
        page.obj.Resources = pikepdf.Dictionary(Font=pikepdf.Dictionary(F1=font))
        page.obj.Contents = pdf.make_stream(b"BT /F1 12 Tf 72 700 Td (" + words + b") Tj ET")
        if change:
            change(pdf)
        return _saved(lambda file: pdf.save(file, **options))


def locked_document():
    return document(encryption=pikepdf.Encryption(owner="owner", user="secret"))


def unpacked(content):
    """A PDF with nothing in it compressed, so that words in it can be looked for."""
    with pikepdf.open(BytesIO(content)) as pdf:
        options = {"qdf": True, "compress_streams": False, "stream_decode_level": pikepdf.StreamDecodeLevel.all}
        return _saved(lambda file: pdf.save(file, **options))


def upload(content, name="report.pdf"):
    return InMemoryUploadedFile(BytesIO(content), "file", name, "application/octet-stream", len(content), None)


def _saved(save):
    file = BytesIO()
    save(file)
    return file.getvalue()
