"""The benchmark asks for pages that exist, and compares them."""

import pytest

from tests import bench


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(bench, "ROUNDS", 1)
    monkeypatch.setattr(bench, "FEW", 5)
    monkeypatch.setattr(bench, "MANY", 10)


def test_bench_asks_for_every_page_twice(db, small, capsys, settings):
    settings.ALLOWED_HOSTS = ["localhost"]

    bench.main()

    lines = capsys.readouterr().out.splitlines()[-len(bench.PAGES) :]
    assert [line.split()[0] for line in lines] == list(bench.PAGES)


def test_bench_refuses_a_page_that_is_away(db, client):
    with pytest.raises(RuntimeError, match="/nowhere/ answers 404"):
        bench.median_seconds(client, "/nowhere/")
