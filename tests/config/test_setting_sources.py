"""Settings come from flag, environment, file and default, in that order; what is unknown is an error."""

import pytest

from keystead.config.settings import BadSetting, Settings, defaults, documentation
from keystead.config.sources import load
from keystead.config.values import Address


def _file(data, text):
    data.mkdir(exist_ok=True)
    (data / "keystead.toml").write_text(text)


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(tmp_path):
    _file(tmp_path, 'region = "file"\ndomain = "file"\nusers_per_account = 7\n')
    environment = {"KEYSTEAD_REGION": "environment", "KEYSTEAD_DOMAIN": "environment"}

    found = load({"data": tmp_path, "region": "flag", "http": None}, environment)

    assert found.region == "flag"
    assert found.domain == "environment"
    assert found.users_per_account == 7
    assert found.http == Settings().http


def test_the_file_is_read_from_the_directory_in_force(tmp_path):
    _file(tmp_path / "one", 'region = "one"')
    _file(tmp_path / "two", 'region = "two"')
    environment = {"KEYSTEAD_DATA": str(tmp_path / "one")}

    assert load({}, environment).region == "one"
    assert load({"data": str(tmp_path / "two")}, environment).region == "two"


def test_nothing_given_is_every_default(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    found = load({}, {"PATH": "/bin", "KEYSTEAD_LOG": "debug"})

    assert found == Settings(data=tmp_path / "keystead-data")


@pytest.mark.parametrize("name", ["KEYSTEAD_", "KEYSTEAD_HTPP", "KEYSTEAD_ROOT_KEY"])
def test_an_unknown_variable_is_an_error_that_names_it(name, tmp_path):
    with pytest.raises(BadSetting, match=f"{name}: no such setting"):
        load({"data": tmp_path}, {name: "x"})


@pytest.mark.parametrize("text", ['htpp = "127.0.0.1:1"', 'data = "/elsewhere"', "[section]\nregion = 'x'"])
def test_an_unknown_key_of_the_file_is_an_error_that_names_the_file(text, tmp_path):
    _file(tmp_path, text)

    with pytest.raises(BadSetting, match=r"keystead\.toml: \w+: no such setting"):
        load({"data": tmp_path}, {})


@pytest.mark.parametrize("content", [b"region = ", b"\xff\xfe", b'region = "a"\nregion = "b"'])
def test_an_unreadable_file_is_an_error(content, tmp_path):
    (tmp_path / "keystead.toml").write_bytes(content)

    with pytest.raises(BadSetting, match=r"keystead\.toml"):
        load({"data": tmp_path}, {})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("http", "4650"),
        ("https", "host"),
        ("users_per_account", "0"),
        ("audit_reads", "maybe"),
        ("trusted_proxy", "x"),
    ],
)
def test_an_unusable_value_is_an_error_that_names_the_setting_and_its_source(name, value, tmp_path):
    with pytest.raises(BadSetting, match=rf"{name} \(environment\): '{value}'"):
        load({"data": tmp_path}, {f"KEYSTEAD_{name.upper()}": value})


@pytest.mark.parametrize(
    "text", ["http = 4650", "region = 1", "audit_reads = 1", 'trusted_proxy = ["10.0.0.0/8", 1]']
)
def test_a_value_of_the_wrong_toml_type_is_an_error(text, tmp_path):
    _file(tmp_path, text)

    with pytest.raises(BadSetting, match=r"keystead\.toml"):
        load({"data": tmp_path}, {})


@pytest.mark.parametrize("address", ["0.0.0.0:4650", "[::]:4650", "192.168.7.7:80", "example.org:80"])
def test_plain_http_that_the_network_can_reach_is_refused(address, tmp_path):
    with pytest.raises(BadSetting, match="plain HTTP shows secrets"):
        load({"data": tmp_path, "http": address}, {})


def test_plain_http_anywhere_must_be_said(tmp_path):
    found = load({"data": tmp_path, "http": "0.0.0.0:4650", "plain_http_anywhere": True}, {})

    assert found.http == Address("0.0.0.0", 4650)


def test_https_may_listen_anywhere(tmp_path):
    assert load({"data": tmp_path, "https": "0.0.0.0:443"}, {}).https == Address("0.0.0.0", 443)


@pytest.mark.parametrize(
    "account", ["", "12345678901", "1234567890123", "12345678901a", "١٢٣٤٥٦٧٨٩٠١٢", "123456789012\n"]
)
def test_an_account_is_twelve_digits(account, tmp_path):
    with pytest.raises(BadSetting, match="account"):
        load({"data": tmp_path, "account": account}, {})


@pytest.mark.parametrize("given", [{"tls_key": "k.pem"}, {"tls_certificate": "c.pem"}])
def test_certificate_and_key_go_together(given, tmp_path):
    with pytest.raises(BadSetting, match="go together"):
        load({"data": tmp_path, **given}, {})


def test_the_root_key_lies_in_the_directory_unless_told_otherwise(tmp_path):
    assert load({"data": tmp_path}, {}).root_key_path == tmp_path / "root.key"
    elsewhere = load({"data": tmp_path, "root_key_file": "/run/credentials/root.key"}, {})
    assert str(elsewhere.root_key_path) == "/run/credentials/root.key"


def test_every_setting_is_documented_and_has_a_default():
    assert documentation().keys() == defaults().keys()
    assert all(each.help for each in documentation().values())
