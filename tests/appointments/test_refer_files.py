"""Files that an office sends along: they wait with the draft, and go with the request, once."""

import datetime
import uuid
from unittest.mock import Mock

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from appointments import sandbox
from appointments.models import AppointmentRequest, PatientFile, RequestDraft
from appointments.services import draft as drafts
from appointments.services import draft_files, files, intake, store
from appointments.services.request import UnansweredError
from tests.answers import page_of
from tests.appointments.desk import LIST, sign_in
from tests.appointments.desk import page_of as address_of
from tests.appointments.test_admin_change import html, text_of
from tests.factories import AppointmentRequestFactory, RoutingRuleFactory, UserFactory
from tests.office import REFER, REFERRAL, hidden_of, referral_draft, referral_with, send
from tests.patient_files import document, locked_document, picture, upload

pytestmark = pytest.mark.django_db
BLOCK = "203.0.113.0/24"


@pytest.fixture(autouse=True)
def root(practice, settings, tmp_path):
    settings.FILES_ROOT = tmp_path / "files"
    RoutingRuleFactory(everyone=True).staff.add(UserFactory(group="scheduler"))
    return settings.FILES_ROOT


def chosen(name="report.pdf", content=None):
    return SimpleUploadedFile(name, content or document(), "application/octet-stream")


def on_disk(root):
    return [path for path in root.glob("??/*") if path.is_file()]


def test_several_files_at_once_go_with_the_request(client, root):
    send(client, files=[chosen("referral.pdf"), chosen("mri.jpg", picture())])

    asked = AppointmentRequest.objects.get()
    kept = list(asked.patient_files.kept())
    assert [(file.name, file.kind, file.draft) for file in kept] == [
        ("referral.pdf", "pdf", None),
        ("mri.jpg", "jpeg", None),
    ]
    assert files.content_of(kept[0]).startswith(b"%PDF")
    assert not asked.patient_files.sent_by(None).exists()  # the patient neither sees nor removes what the office sent
    assert len(on_disk(root)) == 2


def test_they_stay_after_a_mistake_and_go_along_later(client):
    home = send(client, referral_with(first_name=""), files=[chosen("mri.pdf")])["Location"]
    told = client.get(home)
    assert "mri.pdf" in text_of(told)
    assert PatientFile.objects.get().draft == RequestDraft.objects.get()

    send(client, hidden=hidden_of(told))

    assert [file.name for file in AppointmentRequest.objects.get().patient_files.all()] == ["mri.pdf"]


def test_one_can_be_taken_out_again(client, root):
    told = client.get(
        send(client, referral_with(first_name=""), files=[chosen("a.pdf"), chosen("b.jpg", picture())])["Location"]
    )
    first = PatientFile.objects.get(kind="pdf")

    send(client, hidden=hidden_of(told), drop=[str(first.public_id), "x", "\0"])

    assert [file.name for file in AppointmentRequest.objects.get().patient_files.all()] == ["b.jpg"]
    assert len(on_disk(root)) == 1


def test_a_file_of_another_draft_stays(client):
    other = referral_draft()
    draft_files.keep_files(other, [upload(document())], block=BLOCK)

    send(client, drop=[str(PatientFile.objects.get().public_id)])

    assert other.files.count() == 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("letter.docx", b"PK\3\4 no picture", "letter.docx: We cannot take this kind of file."),
        ("locked.pdf", locked_document(), "locked.pdf: This file is locked with a password."),
    ],
)
def test_a_file_that_is_refused_is_named_and_nothing_is_sent_yet(client, root, name, content, said):
    answer = send(client, files=[chosen("good.pdf"), chosen(name, content)])

    told = client.get(answer["Location"])
    assert said in text_of(told)
    assert page_of(told).title.startswith("Error: ")
    assert '<a href="#id_files">' in html(told)
    assert (AppointmentRequest.objects.count(), [file.name for file in PatientFile.objects.all()]) == (0, ["good.pdf"])
    assert len(on_disk(root)) == 1


def test_the_next_press_sends_without_the_one_that_was_refused(client):
    told = client.get(send(client, files=[chosen("letter.docx", b"PK")])["Location"])

    answer = send(client, hidden=hidden_of(told))

    assert answer["Location"].endswith("/sent/")
    assert AppointmentRequest.objects.get().patient_files.count() == 0


def test_when_no_file_can_be_taken_the_referral_still_can(client, monkeypatch):
    def away(content):
        raise sandbox.Unavailable

    monkeypatch.setattr(sandbox, "rebuilt", away)
    told = client.get(send(client, files=[chosen()])["Location"])
    assert "Send the referral without them, and fax them." in text_of(told)

    assert send(client, hidden=hidden_of(told))["Location"].endswith("/sent/")


def test_the_same_file_twice_is_one(client, root):  # P1
    hidden = hidden_of(client.get(REFER))
    for _press in range(2):
        send(client, referral_with(first_name=""), hidden=hidden, files=[chosen("a.pdf"), chosen("a.pdf")])

    assert (PatientFile.objects.count(), len(on_disk(root))) == (1, 1)


def test_files_may_be_bigger_together_than_other_pages_take(client):
    big = [chosen(f"{number}.bin", b"x" * (7 * 2**20)) for number in range(2)]

    answer = send(client, files=big)

    assert answer.status_code == 303
    assert text_of(client.get(answer["Location"])).count("We cannot take this kind of file.") == 2


def test_five_at_most(client, root):
    files_ = [chosen(f"{number}.pdf") for number in range(6)]

    told = client.get(send(client, files=files_)["Location"])

    assert "5.pdf: We have 5 files already." in text_of(told)
    assert (PatientFile.objects.count(), len(on_disk(root))) == (5, 5)


def test_what_comes_after_the_referral_is_received_is_dropped(client, root):  # P6
    hidden = hidden_of(client.get(REFER))
    first = send(client, hidden=hidden)

    again = send(client, hidden=hidden, files=[chosen()])

    assert (again["Location"], PatientFile.objects.count(), on_disk(root)) == (first["Location"], 0, [])


def test_a_click_that_overtakes_leaves_no_file_behind(root):
    draft = referral_draft()
    RequestDraft.objects.filter(pk=draft.pk).update(appointment_request=AppointmentRequestFactory())

    with pytest.raises(drafts.AlreadySentError):
        draft_files.keep_files(draft, [upload(document())], block=BLOCK)

    assert (PatientFile.objects.count(), on_disk(root)) == (0, [])


@pytest.mark.parametrize("limit", ["TRIES_OF_A_BLOCK", "TRIES_PER_HOUR"])
def test_whoever_tries_too_often_waits(monkeypatch, limit):
    monkeypatch.setattr(draft_files if limit == "TRIES_OF_A_BLOCK" else files, limit, 2)
    draft = referral_draft()

    refused = draft_files.keep_files(draft, [upload(b"x", f"{number}") for number in range(3)], block=BLOCK)

    assert [code for code, _name in refused] == ["wrong-type", "wrong-type", "too-often"]


def test_another_network_is_not_held_back(monkeypatch):
    monkeypatch.setattr(draft_files, "TRIES_OF_A_BLOCK", 0)
    assert draft_files.keep_files(referral_draft(), [upload(document())], block=BLOCK) == [["too-often", "report.pdf"]]

    monkeypatch.setattr(draft_files, "TRIES_OF_A_BLOCK", 1)
    assert draft_files.keep_files(referral_draft(), [upload(document())], block="198.51.100.0/24") == []


def test_files_of_a_draft_go_with_it(client, root):
    draft = referral_draft()
    draft_files.keep_files(draft, [upload(document())], block=BLOCK)
    later = timezone.now() + datetime.timedelta(days=8)

    assert drafts.purge(later, apply=True) == 1

    assert PatientFile.objects.count() == 0
    assert files.purge(later, apply=True) == 1
    assert on_disk(root) == []


def test_a_file_of_a_draft_is_no_leftover_while_it_lives():
    draft = referral_draft()
    draft_files.keep_files(draft, [upload(document())], block=BLOCK)

    assert files.purge(timezone.now() + datetime.timedelta(days=2), apply=True) == 0

    assert store.exists(PatientFile.objects.get().public_id)


def test_a_file_is_of_a_request_or_of_a_draft():
    both = {"draft": referral_draft(), "appointment_request": AppointmentRequestFactory()}
    for home in ({}, both):
        with pytest.raises(IntegrityError), transaction.atomic():
            PatientFile.objects.create(name="a", kind="pdf", **home)


def test_a_name_that_would_hide_is_shown_plainly(client):
    told = client.get(send(client, files=[chosen("re\u202egpj.exe", b"MZ")])["Location"])

    assert "regpj.exe: We cannot take this kind of file." in text_of(told)


def test_staff_see_a_request_with_its_files(client, root):
    send(client, REFERRAL, files=[chosen("mri.pdf")])
    user = UserFactory(group="scheduler")

    file, content = files.open_for_staff(AppointmentRequest.objects.get(), PatientFile.objects.get().public_id, by=user)

    assert (file.name, content[:4]) == ("mri.pdf", b"%PDF")


# Pages of a fax, which staff key in


def key_in(client, *files_, **changes):
    fields = referral_with(**changes) | {"entry_id": [str(uuid.uuid4())], "channel": ["fax"], "files": list(files_)}
    return client.post(f"{LIST}refer/", fields)


def test_pages_of_a_fax_go_with_the_referral_that_staff_key_in(client, root):
    sign_in(client, "scheduler")

    answer = key_in(client, chosen("fax.pdf"), chosen("mri.jpg", picture()))

    kept = AppointmentRequest.objects.get()
    assert answer["Location"] == address_of(kept)
    assert [(file.name, file.came_with_referral) for file in kept.patient_files.all()] == [
        *(("fax.pdf", True), ("mri.jpg", True))
    ]
    assert len(on_disk(root)) == 2


@pytest.mark.parametrize(
    ("changes", "said"),
    [({}, "locked.pdf: This file is locked with a password."), ({"first_name": ""}, "Please write the first name.")],
)
def test_a_page_that_is_refused_keeps_nothing_and_no_word_is_lost(client, root, changes, said):
    sign_in(client, "scheduler")

    answer = key_in(client, chosen("fax.pdf"), chosen("locked.pdf", locked_document()), **changes)

    assert answer.status_code == 422
    assert said in text_of(answer)
    assert "Please choose the files once more" in text_of(answer)
    assert page_of(answer).fields["last_name"] == ["Probeman"]
    assert (AppointmentRequest.objects.count(), RequestDraft.objects.count(), on_disk(root)) == (0, 0, [])


def test_no_transaction_waits_while_pages_are_looked_at(client, monkeypatch):
    sign_in(client, "scheduler")
    outside, seen = list(connection.savepoint_ids), []
    monkeypatch.setattr(
        sandbox, "rebuilt", lambda content: seen.append(list(connection.savepoint_ids)) or ("pdf", b"x")
    )

    key_in(client, chosen("fax.pdf"))

    assert seen == [outside]


def test_pages_of_what_could_not_be_kept_are_removed(client, root, monkeypatch):
    sign_in(client, "scheduler")
    monkeypatch.setattr(intake, "receive", Mock(side_effect=UnansweredError("refer")))

    assert key_in(client, chosen("fax.pdf")).status_code == 422
    assert on_disk(root) == []
