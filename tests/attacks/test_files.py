"""P42: files that are made to hurt. None is taken as it is, none stops the site, and no log says what was in one."""

import functools
import logging
import queue
import struct
import subprocess
import sys
import threading
import zlib

import pikepdf
import pytest
from django.conf import settings

from appointments import rebuild, sandbox
from appointments.models import AppointmentRequest, PatientFile
from appointments.services import files
from tests.appointments.access_steps import open_page, request_with_link
from tests.factories import AppointmentRequestFactory
from tests.patient_files import document, locked_document, picture, unpacked, upload

Name, Dictionary, Array, String = pikepdf.Name, pikepdf.Dictionary, pikepdf.Array, pikepdf.String


@pytest.fixture(autouse=True)
def root(settings, tmp_path):
    settings.FILES_ROOT = tmp_path / "files"
    return settings.FILES_ROOT


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_that_says(width, height, data=b""):
    """A PNG of a few bytes that says how large it is."""
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def jpeg_that_says(width, height):
    content = bytearray(picture("JPEG"))
    at = content.index(b"\xff\xc0") + 5
    content[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(content)


def zeros(megabytes):
    """That many megabytes of blanks, packed into a thousandth."""
    packer, one = zlib.compressobj(9, wbits=-15), b" " * 2**20
    packed = packer.compress(one) + packer.flush(zlib.Z_FULL_FLUSH)  # stands alone, so it need not be made each time
    check = functools.reduce(lambda check, _: zlib.adler32(one, check), range(megabytes), 1)
    return b"\x78\xda" + packed * megabytes + packer.flush() + check.to_bytes(4, "big")


def pdf_bomb():
    """One page whose words unpack to three gigabytes."""

    def change(pdf):
        bomb = pikepdf.Stream(pdf, zeros(3000))
        bomb.Filter = Name.FlateDecode
        pdf.pages[0].Contents = pdf.make_indirect(bomb)

    return document(change=change, compress_streams=False)


def nested_pdf():
    return document().replace(b"/MediaBox", b"/Deep " + b"[" * 100_000 + b"]" * 100_000 + b"/MediaBox")


def endless_pages():
    """A tree of pages that has itself as a leaf."""

    def change(pdf):
        pdf.Root.Pages.Kids.append(pdf.Root.Pages)
        pdf.Root.Pages.Count = 2

    return document(change=change)


def many_pages():
    def change(pdf):
        for _ in range(rebuild.MOST_PAGES):
            pdf.add_blank_page()

    return document(change=change)


def form_for_one_program():
    def change(pdf):
        pdf.Root.AcroForm = Dictionary(XFA=String("<xdp>"), Fields=Array())
        pdf.Root.NeedsRendering = True

    return document(b"Please wait", change=change)


@pytest.mark.parametrize(
    ("make", "code"),
    [
        (lambda: png_that_says(30_000, 30_000), "unreadable"),  # 900 megapixels
        (lambda: png_that_says(7000, 7000, b"\0" * 1000), "unreadable"),
        (lambda: png_that_says(10, 10)[:40], "unreadable"),
        (lambda: jpeg_that_says(65_000, 65_000), "unreadable"),
        (pdf_bomb, "unreadable"),
        (nested_pdf, "unreadable"),
        (endless_pages, "unreadable"),
        (many_pages, "unreadable"),
        (form_for_one_program, "unreadable"),
        (lambda: b"%PDF-1.7\n%%EOF", "unreadable"),
        (lambda: document()[: len(document()) // 2], "unreadable"),
        (locked_document, "locked"),
        (lambda: b"MZ\x90\x00" + b"\0" * 2000, "wrong-type"),
        (lambda: b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', "wrong-type"),
        (lambda: b"<!doctype html><script>alert(1)</script>", "wrong-type"),
        (lambda: b"GIF89a" + b"\0" * 100, "wrong-type"),
        (lambda: b"II*\x00" + b"\0" * 100, "wrong-type"),
        (lambda: b"\0\0\0\x18ftypisom" + b"\0" * 100, "wrong-type"),
        (lambda: b"\0\0\0\x18ftypheic" + b"\0" * 100, "unreadable"),
    ],
)
def test_what_is_made_to_hurt_is_refused(make, code):
    with pytest.raises(sandbox.Refused) as refused:
        sandbox.rebuilt(make())

    assert str(refused.value) == code


def with_everything(pdf):
    """What a PDF can carry beside its pages, each named EVIL."""
    page, root = pdf.pages[0].obj, pdf.Root
    script = Dictionary(S=Name.JavaScript, JS=String("app.alert('EVIL')"))
    link = Dictionary(S=Name.URI, URI=String("http://EVIL.example/"))
    stream = pdf.make_stream(b"EVIL")
    root.OpenAction = script
    root.Names = Dictionary(JavaScript=Dictionary(Names=Array([String("EVIL"), script])))
    root.AA = Dictionary(WC=script)
    root.Outlines = Dictionary(First=pdf.make_indirect(Dictionary(Title=String("EVIL"), A=script)))
    pdf.attachments["EVIL.exe"] = b"MZ EVIL"
    page.AA = Dictionary(O=script)
    page.PieceInfo = Dictionary(EVIL=Dictionary(Private=stream))
    page.Thumb = stream
    page.Annots = Array(
        [
            Dictionary(Type=Name.Annot, Subtype=Name.Link, Rect=Array([0, 0, 9, 9]), A=link),
            Dictionary(Type=Name.Annot, Subtype=Name.FileAttachment, Rect=Array([0, 0, 9, 9]), Contents=String("EVIL")),
        ]
    )
    form = pdf.make_stream(b"0 0 1 1 re f")
    form.Type, form.Subtype, form.BBox = Name.XObject, Name.Form, Array([0, 0, 9, 9])
    form.Metadata, form.AF, form.OPI = stream, Array([stream]), Dictionary(EVIL=String("EVIL"))
    form.Ref = Dictionary(F=String("EVIL.pdf"), Page=0)
    page.Resources.XObject = Dictionary(X1=form)
    root.AcroForm = Dictionary(XFA=stream, Fields=Array())
    pdf.docinfo["/Author"] = "EVIL"
    with pdf.open_metadata() as metadata:
        metadata["dc:title"] = "EVIL"


def test_of_a_pdf_only_what_is_drawn_stays():
    sent = document(b"L4/L5 narrow", change=with_everything)

    kind, new = sandbox.rebuilt(sent)

    words = unpacked(new)
    assert unpacked(sent).count(b"EVIL") > 10  # the control
    assert (kind, b"(L4/L5 narrow) Tj" in words, b"0 0 1 1 re f" in words, words.count(b"EVIL")) == (
        "pdf",
        True,
        True,
        0,
    )
    assert [
        key for key in (b"JavaScript", b"/AA", b"/Annots", b"/EmbeddedFile", b"/XFA", b"/Info") if key in words
    ] == []


def test_what_was_filled_in_stays_and_the_form_goes():
    def change(pdf):
        field = Dictionary(
            Type=Name.Annot,
            Subtype=Name.Widget,
            FT=Name.Tx,
            T=String("medicine"),
            V=String("Warfarin 5 mg"),
            DA=String("/F1 12 Tf 0 g"),
            Rect=Array([72, 600, 272, 620]),
            F=4,
        )
        field = pdf.make_indirect(field)
        pdf.pages[0].obj.Annots = Array([field])
        fonts = pdf.pages[0].obj.Resources.Font
        pdf.Root.AcroForm = Dictionary(Fields=Array([field]), NeedAppearances=True, DR=Dictionary(Font=fonts))

    words = unpacked(sandbox.rebuilt(document(change=change))[1])

    assert (b"(Warfarin 5 mg) Tj" in words, b"/AcroForm" in words) == (True, False)


@pytest.mark.parametrize(
    ("make", "kind", "begins"),
    [
        (lambda: b"<html><script>EVIL</script>\n" + document() + b"<script>EVIL</script>", "pdf", b"%PDF-"),
        (lambda: document() + b"PK\x03\x04EVIL", "pdf", b"%PDF-"),
        (lambda: picture("JPEG") + b"<?php EVIL ?>", "jpeg", b"\xff\xd8\xff"),
        (lambda: picture("JPEG", comment=b"EVIL %PDF-1.7"), "jpeg", b"\xff\xd8\xff"),
        (lambda: picture("PNG") + b"PK\x03\x04EVIL", "png", b"\x89PNG"),
    ],
)
def test_a_file_of_two_kinds_comes_out_as_one(make, kind, begins):
    sent = make()

    found, new = sandbox.rebuilt(sent)

    assert b"EVIL" in sent
    assert (found, new.startswith(begins), b"EVIL" in new) == (kind, True, False)


def test_texts_in_a_png_stay_behind():
    from PIL import PngImagePlugin

    info = PngImagePlugin.PngInfo()
    info.add_text("Author", "EVIL")
    info.add_itxt("EVIL", "EVIL" * 1000)

    assert b"EVIL" not in sandbox.rebuilt(picture("PNG", pnginfo=info))[1]


# The process


def answer_of(monkeypatch, program, content=b"x"):
    """What we make of a process that runs `program` instead of ours."""
    monkeypatch.setattr(sandbox, "COMMAND", (sys.executable, "-I", "-c", program))
    return sandbox.rebuilt(content)


LIMITED = (
    f"import resource, sys; sys.path.append({str(sandbox.ROOT)!r}); from appointments import rebuild; "
    "[resource.setrlimit(what, (most, most)) for what, most in rebuild.LIMITS]"
)


@pytest.mark.parametrize(
    "program",
    [
        "import os; os.kill(os.getpid(), 9)",  # as the kernel does when memory is short
        "import os; os.kill(os.getpid(), 11)",  # a fault in a library
        "import sys; sys.stdout.write('exe\\nMZ')",
        "import sys; sys.stdout.write('pdf\\n')",
        "import sys; sys.stdout.write('pdf')",
        "import sys; sys.stdin.read(); [sys.stdout.write('x' * 2**20) for _ in range(10**6)]",
        "pass",
    ],
)
def test_a_process_that_dies_or_says_nonsense_means_a_bad_file(monkeypatch, program):
    with pytest.raises(sandbox.Refused, match="unreadable"):
        answer_of(monkeypatch, program)


def test_a_process_that_never_answers_is_killed_with_all_its_children(monkeypatch):
    monkeypatch.setattr(sandbox, "WALL_SECONDS", 1)

    with pytest.raises(sandbox.Refused, match="unreadable"):
        answer_of(monkeypatch, "import os, time; os.fork(); time.sleep(600)", b"x" * 2**20)


def test_a_process_that_cannot_start_says_nothing_of_the_file(monkeypatch):
    with pytest.raises(sandbox.Unavailable):
        answer_of(monkeypatch, "import no_such_module")
    monkeypatch.setattr(sandbox, "COMMAND", ("/no/such/python",))
    with pytest.raises(sandbox.Unavailable):
        sandbox.rebuilt(b"x")


def answers_of(number, monkeypatch):
    """What `number` files sent at once are told while none that is being written anew comes to its end."""
    told, go_on = queue.Queue(), threading.Event()
    monkeypatch.setattr(sandbox, "_talk", lambda content: go_on.wait(30) and (0, b"pdf\nnew"))

    def send():
        try:
            told.put(sandbox.rebuilt(b"x"))
        except sandbox.Unavailable:
            told.put("unavailable")

    threads = [threading.Thread(target=send) for _ in range(number)]
    for thread in threads:
        thread.start()
    try:
        turned_away = [told.get(timeout=5) for _ in range(number - sandbox.AT_ONCE - sandbox.IN_LINE)]
    finally:
        go_on.set()
    for thread in threads:
        thread.join()
    return turned_away + [told.get_nowait() for _ in range(told.qsize())]


def test_slow_files_leave_threads_to_the_rest_of_the_site(monkeypatch):
    """Eight that each took half a minute to write anew held the eight threads of the server, and so /healthz."""
    in_hand = sandbox.AT_ONCE + sandbox.IN_LINE

    assert answers_of(12, monkeypatch) == ["unavailable"] * (12 - in_hand) + [("pdf", b"new")] * in_hand
    assert sandbox.rebuilt(b"x") == ("pdf", b"new")  # whoever was turned away has left no mark


@pytest.mark.parametrize(
    "deed",
    [
        "bytearray(2 * 2**30)",
        "open({path!r}, 'wb', buffering=0).write(b'x')",
        "[open('/dev/null') for _ in range(100)]",
    ],
)
def test_the_process_may_not(monkeypatch, tmp_path, deed):
    deed = deed.format(path=str(tmp_path / "written"))
    program = f"\ntry:\n    kept = {deed}\nexcept (MemoryError, OSError):\n    sys.stdout.write('locked\\n')"

    for limits, answer in ((LIMITED, "locked"), ("import sys", "unreadable")):  # the second is the control
        with pytest.raises(sandbox.Refused, match=answer):
            answer_of(monkeypatch, limits + program)


def test_the_process_sees_no_key_and_no_setting(monkeypatch):
    monkeypatch.setenv("APOLLO_FIELD_KEYS", "k1:secret")
    program = "import os, sys; sys.stdout.write('locked\\n' if set(os.environ) <= {'LC_CTYPE'} else 'pdf\\nx')"

    with pytest.raises(sandbox.Refused, match="locked"):
        answer_of(monkeypatch, program)


def test_the_process_loads_no_django():
    program = sandbox.PROGRAM.replace("main()", "") + "import pikepdf, PIL.Image, procedures.pixels, pillow_heif; "
    program += "assert not [name for name in sys.modules if name.startswith('django')]"

    assert subprocess.run([sys.executable, "-I", "-c", program, sandbox.ROOT], env={}, cwd="/").returncode == 0


# From outside


def send(client, address, content, name):
    """As a browser does, but with any name: Django's own client would clean it first."""
    head = f'--B\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\nContent-Type: text/html\r\n\r\n'
    body = head.encode() + content + b"\r\n--B--\r\n"
    return client.generic("POST", address, body, content_type="multipart/form-data; boundary=B")


@pytest.mark.django_db
@pytest.mark.parametrize(("more", "code"), [(0, ""), (1, "too-big")])
def test_ten_megabytes_are_taken_and_not_one_byte_more(client, practice, more, code):
    __, link = request_with_link()
    content = picture("PNG")
    content += b"\0" * (settings.MAX_FILE_BYTES - len(content) + more)

    answer = send(client, open_page(client, link) + "files/", content, "x.png")

    assert (answer.status_code, PatientFile.objects.get().refusal) == (422 if code else 303, code)


NAMES = [
    ("../../../etc/passwd.pdf", "passwd.pdf"),
    ("..\\..\\report.pdf", "report.pdf"),
    ("&#46;&#46;&#47;report.pdf", "report.pdf"),
    ("a\0b.pdf", "ab.pdf"),
    ("\u202efdp.exe", "fdp.exe"),
    ("😀 scan.pdf", "😀 scan.pdf"),
    ("x" * 255 + ".pdf", "x" * 100),
]


@pytest.mark.django_db
@pytest.mark.parametrize(("name", "kept"), NAMES)
def test_a_name_is_shown_to_people_and_used_for_nothing(client, practice, root, name, kept):
    __, link = request_with_link()

    answer = send(client, open_page(client, link) + "files/", document(), name)

    file = PatientFile.objects.get()
    assert (answer.status_code, file.name) == (303, kept)
    assert [path.name for path in root.rglob("*") if path.is_file()] == [file.public_id.hex]


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "status"),
    [("..", 422), (".", 422), ("/", 422), ("\u202e", 422), ("", 422), ("x" * 1000, 400)],  # no device has such a name
)
def test_a_name_that_is_none_is_told_as_no_file(client, practice, name, status):
    __, link = request_with_link()

    assert send(client, open_page(client, link) + "files/", document(), name).status_code == status
    assert PatientFile.objects.count() == 0


@pytest.mark.django_db
def test_no_log_and_no_row_in_clear_says_what_a_file_is_called_or_holds(client, practice, root, caplog):  # P35
    caplog.set_level(logging.DEBUG)
    __, link = request_with_link()
    address = open_page(client, link) + "files/"
    for content in (document(b"CANARYWORDS"), document(b"CANARYWORDS")[:-200], b"CANARYWORDS", locked_document()):
        send(client, address, content, "CANARYNAME.pdf")
    stored = str(list(PatientFile._base_manager.extra(select={"raw": "name"}).values_list("raw", "kind", "refusal")))
    root.rename(root.with_name("away"))
    root.write_text("")
    assert send(client, address, document(b"CANARYWORDS"), "CANARYNAME.pdf").status_code == 422

    assert PatientFile.objects.count() == 4
    assert "no file can be taken" in caplog.text
    assert ("CANARY" in caplog.text, "CANARY" in stored) == (False, False)


@pytest.mark.django_db
def test_a_failed_file_never_touches_the_request(monkeypatch):
    appointment_request = AppointmentRequestFactory()
    before = AppointmentRequest.objects.filter(pk=appointment_request.pk).values().get()

    for program in ("import os; os.kill(os.getpid(), 9)", "import no_such_module"):
        monkeypatch.setattr(sandbox, "COMMAND", (sys.executable, "-I", "-c", program))
        with pytest.raises(files.FileRefused):
            files.keep_file(appointment_request, upload(document()))

    assert AppointmentRequest.objects.filter(pk=appointment_request.pk).values().get() == before
