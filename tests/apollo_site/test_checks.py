import os

import pytest

from apollo_site.checks import check_media


@pytest.mark.parametrize("path", ["media", "media/deeper/down"])
def test_a_folder_that_can_be_made_is_well(settings, tmp_path, path):
    settings.MEDIA_ROOT = tmp_path / path

    assert check_media(None) == []


def test_a_file_in_place_of_the_folder_is_told(settings, tmp_path):
    (tmp_path / "media").write_text("")
    settings.MEDIA_ROOT = tmp_path / "media"

    assert [warning.id for warning in check_media(None)] == ["apollo_site.W004"]


def test_a_folder_of_somebody_else_is_told(settings, tmp_path, monkeypatch):
    settings.MEDIA_ROOT = tmp_path
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root, as in CI, may write anywhere

    assert [warning.id for warning in check_media(None)] == ["apollo_site.W004"]
