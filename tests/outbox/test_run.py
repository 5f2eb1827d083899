import signal
from datetime import timedelta

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.utils.module_loading import import_string

from apollo_site.databases import SQLITE_WAIT_SECONDS
from outbox import talk, worker
from outbox.clock import database_now
from outbox.models import Heartbeat, Message
from outbox.services import enqueue
from outbox.worker import Worker
from tests.mail import Sink, dripping_server, end, use, wait_until, worker_process
from tests.outbox.factories import MessageFactory

State = Message.State


def sent_to():
    return [email.to[0] for email in mail.outbox]


@pytest.fixture
def no_waiting(monkeypatch):
    monkeypatch.setattr(worker, "IDLE_SECONDS", 0)


@pytest.mark.django_db(transaction=True)
def test_run_survives_a_database_that_is_away(monkeypatch, no_waiting, caplog):
    answers = [OperationalError("could not connect to walter"), OperationalError(), None]
    runner = Worker()

    def step():
        if error := answers.pop(0):
            raise error
        runner.stop()

    monkeypatch.setattr(runner, "step", step)
    runner.run()

    assert answers == []
    assert [record.getMessage() for record in caplog.records] == ["database: OperationalError"] * 2


@pytest.mark.django_db(transaction=True)
def test_run_goes_on_with_a_new_connection_when_the_old_one_breaks(monkeypatch, no_waiting):  # P8
    MessageFactory()
    connection.connection.close()  # below Django, as when the server is restarted
    runner = Worker()
    monkeypatch.setattr(worker.time, "sleep", lambda seconds: runner.stop() if mail.outbox else None)

    runner.run()

    assert len(mail.outbox) == 1


@pytest.mark.django_db(transaction=True)
def test_what_was_sent_is_recorded_when_the_database_is_back(monkeypatch, no_waiting):
    message = MessageFactory()
    record, failures = worker.record, [OperationalError(), OperationalError()]

    def record_at_last(*arguments):
        if failures:
            raise failures.pop()
        return record(*arguments)

    monkeypatch.setattr(worker, "record", record_at_last)
    Worker().run_once()

    message.refresh_from_db()
    assert (message.state, len(mail.outbox)) == (State.SENT, 1)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_worker_told_to_end_finishes_the_message_in_hand(number):
    messages = [MessageFactory(), MessageFactory()]

    with Sink(seconds=1).on() as sink, worker_process(sink.port) as process:
        wait_until(sink.talking.is_set)
        assert end(process, number) == 0

    assert sink.recipients == [messages[0].to]
    states = dict(Message.objects.values_list("pk", "state"))
    assert states == {messages[0].pk: State.SENT, messages[1].pk: State.QUEUED}


@pytest.mark.django_db
def test_the_talk_is_cut_when_every_letter_comes_in_time_but_the_answer_never(settings, monkeypatch):  # P15
    monkeypatch.setattr(worker, "TALK_SECONDS", 0.5)
    message = MessageFactory()

    with dripping_server() as port:
        use(settings, port)
        Worker().step()

    message.refresh_from_db()
    assert (message.state, message.last_error) == (State.FAILED_TEMPORARY, "TalkTooLong")


def test_the_talk_and_a_locked_database_fit_into_the_lease():
    assert worker.LEASE.total_seconds() >= worker.TALK_SECONDS + SQLITE_WAIT_SECONDS
    assert talk.GOODBYE_SECONDS < worker.HEARTBEAT_SECONDS


# Signs of life


@pytest.mark.django_db
def test_a_worker_has_one_row_and_long_dead_ones_have_none():
    Heartbeat.objects.create(worker="dead", seen_at=database_now() - timedelta(hours=2))
    Heartbeat.objects.create(worker="other", seen_at=database_now() - timedelta(minutes=1))
    runner = Worker()

    runner.step()
    runner.next_beat = 0
    runner.step()

    assert set(Heartbeat.objects.values_list("worker", flat=True)) == {"other", runner.name}


@pytest.mark.django_db
def test_a_worker_does_not_write_at_every_look(django_assert_max_num_queries):
    runner = Worker()
    runner.step()

    with django_assert_max_num_queries(2):  # the clock, and what is due
        runner.step()


# What is due by the clock


@pytest.mark.django_db
def test_a_worker_does_its_chores_every_minute_and_one_that_fails_holds_up_no_mail(settings, monkeypatch, caplog):
    settings.WORKER_CHORES = ["tests.outbox.test_run.broken_chore", "tests.outbox.test_run.chore"]
    done = []
    monkeypatch.setattr("tests.outbox.test_run.chore", lambda: done.append("chore"))
    MessageFactory()
    runner = Worker()

    runner.run_once()
    assert (done, len(mail.outbox)) == (["chore"], 1)

    runner.next_chores -= worker.CHORE_SECONDS
    runner.run_once()
    assert done == ["chore", "chore"]
    assert "tests.outbox.test_run.broken_chore: ValueError" in caplog.messages
    assert "walter" not in caplog.text


def broken_chore():
    raise ValueError("walter")


def chore():
    """Taken the place of by the test above."""


@pytest.mark.django_db
def test_every_chore_of_the_settings_is_there(settings):
    for name in settings.WORKER_CHORES:
        import_string(name)()


# The command


@pytest.mark.django_db
def test_run_outbox_once_works_off_what_is_due():
    due, later = MessageFactory(), MessageFactory(later=True)

    call_command("run_outbox", once=True)

    assert sent_to() == [due.to]
    assert list(Message.objects.exclude(state=Message.State.SENT)) == [later]


@pytest.mark.django_db
def test_run_outbox_refuses_other_keys(settings, ring):
    settings.FIELD_KEYS = ring(f1="other")
    MessageFactory()

    with pytest.raises(CommandError, match="The field key f1 is missing or is not the one"):
        call_command("run_outbox", once=True)

    assert mail.outbox == []


@pytest.mark.django_db
def test_run_outbox_refuses_what_is_no_key(settings):
    settings.FIELD_KEYS = "f1:short"

    with pytest.raises(CommandError, match="APOLLO_FIELD_KEYS must hold"):
        call_command("run_outbox", once=True)


@pytest.mark.django_db
def test_run_outbox_says_that_the_database_is_away(monkeypatch):
    def problems():
        raise OperationalError

    monkeypatch.setattr("vault.canary.problems", problems)

    with pytest.raises(CommandError, match="The database does not answer"):
        call_command("run_outbox", once=True)


@pytest.mark.django_db
def test_mails_can_be_written_as_files(settings, tmp_path):
    settings.EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    settings.EMAIL_FILE_PATH = tmp_path
    enqueue("plain", to="walter@example.org", dedupe_key="x", context={"reference": "APM", "path": "/"})

    call_command("run_outbox", once=True)

    (file,) = tmp_path.iterdir()
    assert "To: walter@example.org" in file.read_text()
