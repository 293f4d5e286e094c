"""Settings and secrets: each is named when wrong or missing, none is shown, TEST keys stay out of production."""

import pytest

from hub.config import load_configuration, resolve
from hub.domain.provider import EndpointSpec
from hub.errors import SettingsError
from hub.settings import Settings, is_test_key, secret_variable


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch):
    import os

    for name in [each for each in os.environ if each.startswith("HUB_")]:
        monkeypatch.delenv(name)


PRODUCTION = {
    "mode": "production",
    "secrets_dir": ".",
    "master_key": "00112233445566778899aabbccddeeff",
    "callback_public_url": "https://hub.example.cn/",
}


def test_the_defaults_need_nothing():
    settings = Settings.read()
    assert settings.database == "sqlite:///hub-data/hub.db"
    assert settings.callback_url == "http://127.0.0.1:8790"
    assert settings.read_master_key() is None


def test_every_setting_says_what_it_is_and_its_variable():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.startswith(f"HUB_{name.upper()}. "), name
        assert "Default: " in field.description, name


def test_the_environment_is_read(monkeypatch):
    monkeypatch.setenv("HUB_CALLBACK_PORT", "9001")
    assert Settings.read().callback_url == "http://127.0.0.1:9001"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("HUB_CALLBACK_PORT", "canary9"),
        ("HUB_LOG_LEVEL", "canary"),
        ("HUB_CALLBACK_PUBLIC_URL", "canary"),
    ],
)
def test_a_wrong_variable_is_named_and_its_value_is_not(monkeypatch, name, value):
    monkeypatch.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings.read()
    assert [fault.where for fault in caught.value.faults] == [name]
    assert "canary" not in str(caught.value)


def test_production_names_all_that_is_missing():
    with pytest.raises(SettingsError) as caught:
        Settings.read(mode="production")
    for name in ("HUB_SECRETS_DIR", "HUB_MASTER_KEY", "HUB_CALLBACK_PUBLIC_URL"):
        assert name in str(caught.value)


def test_production_refuses_a_test_master_key_and_another_clock():
    assert Settings.read(**PRODUCTION).read_master_key() == bytes.fromhex(PRODUCTION["master_key"])
    with pytest.raises(SettingsError, match="TEST"):
        Settings.read(**{**PRODUCTION, "master_key": "TEST-00112233445566778899aabbccddeeff"})
    with pytest.raises(SettingsError, match="wall clock"):
        Settings.read(**PRODUCTION, clock="2026-01-01T00:00:00Z")


def test_the_master_key_is_never_shown():
    settings = Settings.read(master_key="00112233445566778899aabbccddeeff")
    assert "0011" not in repr(settings)
    with pytest.raises(SettingsError) as caught:
        Settings.read(master_key="canary").read_master_key()
    assert "canary" not in str(caught.value)


def test_the_master_key_may_stand_in_a_file(tmp_path):
    (tmp_path / "key").write_text("TEST-00112233445566778899aabbccddeeff\n", encoding="utf-8")
    settings = Settings.read(master_key_file=tmp_path / "key")
    assert settings.read_master_key() == bytes.fromhex("00112233445566778899aabbccddeeff")
    production = {**PRODUCTION, "master_key": None, "master_key_file": tmp_path / "key"}
    with pytest.raises(SettingsError, match="TEST"):
        Settings.read(**production).read_master_key()
    with pytest.raises(SettingsError, match="HUB_MASTER_KEY_FILE"):
        Settings.read(master_key_file=tmp_path / "none").read_master_key()


def test_a_secret_comes_from_its_file_or_else_from_its_variable(tmp_path, monkeypatch):
    monkeypatch.setenv(secret_variable("water-city-sign-key"), "from-variable")
    assert Settings.read().lookup("SECRET", "water-city-sign-key") == "from-variable"
    (tmp_path / "water-city-sign-key").write_text("from-file\n", encoding="utf-8")
    settings = Settings.read(secrets_dir=tmp_path)
    assert settings.lookup("SECRET", "water-city-sign-key") == "from-file"
    assert settings.lookup("SECRET", "another") is None


@pytest.mark.parametrize("value", ["TEST-abc", "TEST\n-----BEGIN KEY-----\nx", "ssh-ed25519 AAAA TEST"])
def test_a_secret_marked_test_is_refused_in_production(tmp_path, value):
    (tmp_path / "key").write_text(value, encoding="utf-8")
    assert Settings.read(secrets_dir=tmp_path).lookup("SECRET", "key") == value
    with pytest.raises(SettingsError, match="TEST"):
        Settings.read(**{**PRODUCTION, "secrets_dir": tmp_path}).lookup("SECRET", "key")


def test_an_ordinary_key_is_not_taken_for_a_test_key():
    assert not is_test_key("aTESTimonyTEST4=")
    assert not is_test_key("")


def test_placeholders_are_replaced_when_the_endpoint_is_opened():
    spec = EndpointSpec(
        id="one", adapter="a", config={"url": "http://${ENV:H}:${ENV:P}/", "keys": {"01": "${SECRET:k}"}, "n": 22}
    )
    values = {("ENV", "H"): "h", ("ENV", "P"): "1", ("SECRET", "k"): "s"}
    config = resolve(spec, lambda kind, name: values.get((kind, name)))
    assert config == {"url": "http://h:1/", "keys": {"01": "s"}, "n": 22}


def test_every_missing_variable_and_secret_is_named(configuration):
    endpoint = load_configuration().concessions.by_endpoint["power"]
    with pytest.raises(SettingsError) as caught:
        resolve(endpoint, lambda _kind, _name: None)
    text = str(caught.value)
    assert len(caught.value.faults) == 6
    for name in ("POWER_URL", "power-app-secret", "HUB_SECRET_POWER_APP_SECRET", "endpoint power, base_url"):
        assert name in text


def test_the_shipped_configuration_holds_no_secret(configuration):
    words = ("key", "secret", "password", "token")
    for endpoint in configuration.endpoints:
        for name, value in endpoint.config.items():
            if any(word in name for word in words) and name != "key_version":
                assert "${" in str(value), (endpoint.id, name)
