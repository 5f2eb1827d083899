import stat

from apollo_site import devkeys


def test_load_makes_three_keys_for_the_owner_only(tmp_path):
    file = tmp_path / "var" / "dev.env"

    keys = devkeys.load(file)

    assert set(keys) == {"APOLLO_SECRET_KEY", "APOLLO_FIELD_KEYS", "APOLLO_HASH_KEYS"}
    assert len(set(keys.values())) == 3
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_load_keeps_what_is_there_and_adds_what_is_missing(tmp_path):
    file = tmp_path / "dev.env"
    file.write_text("APOLLO_FIELD_KEYS=f9:abc=\nEMAIL_URL=smtp://127.0.0.1:2525\n")
    file.chmod(0o644)

    first, again = devkeys.load(file), devkeys.load(file)

    assert first == again
    assert first["APOLLO_FIELD_KEYS"] == "f9:abc="
    assert first["EMAIL_URL"] == "smtp://127.0.0.1:2525"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
