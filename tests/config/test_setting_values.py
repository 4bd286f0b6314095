"""How settings are written: what each parser reads, and what it refuses."""

import contextlib
import ipaddress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keystead.config import values
from keystead.config.values import Address


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("127.0.0.1:4650", Address("127.0.0.1", 4650)),
        ("localhost:0", Address("localhost", 0)),
        ("[::1]:65535", Address("::1", 65535)),
        ("keys.example.org:443", Address("keys.example.org", 443)),
    ],
)
def test_an_address_is_host_and_port(text, expected):
    assert values.address(text) == expected
    assert str(expected) == text


@pytest.mark.parametrize(
    "text",
    ["", ":", ":80", "host", "host:", "host:port", "host:65536", "host:-1", "host:٤", "host:8 0", 80, None],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(ValueError, match="not"):
        values.address(text)


@given(st.text())
def test_no_text_breaks_the_address_parser_otherwise(text):
    with contextlib.suppress(ValueError):
        assert 0 <= values.address(text).port <= 65535


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "localhost"])
def test_loopback_is_recognised(host):
    assert Address(host, 1).is_loopback


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.1", "10.0.0.1", "example.org", "localhost.example.org", "127.1"]
)
def test_everything_else_counts_as_the_network(host):
    assert not Address(host, 1).is_loopback


@pytest.mark.parametrize("text", ["true", "YES", "1", True])
def test_a_switch_is_on(text):
    assert values.switch(text) is True


@pytest.mark.parametrize("text", ["false", "No", "0", False])
def test_a_switch_is_off(text):
    assert values.switch(text) is False


@pytest.mark.parametrize("text", ["", "on", "2", 1, None, "true "])
def test_a_switch_is_never_guessed(text):
    with pytest.raises(ValueError, match="not"):
        values.switch(text)


@pytest.mark.parametrize(("text", "expected"), [("1", 1), (5000, 5000), ("0012", 12)])
def test_a_count_is_positive(text, expected):
    assert values.count(text) == expected


@pytest.mark.parametrize("text", ["0", 0, -1, "-5", "two", "1.5", 1.5, True, None, ""])
def test_what_is_no_count_is_refused(text):
    with pytest.raises(ValueError):  # noqa: PT011 - the message differs; `load` names the setting.
        values.count(text)


@pytest.mark.parametrize(
    "written", ["10.0.0.0/8, fd00::/8", ["10.0.0.0/8", "fd00::/8"], "10.0.0.0/8,,fd00::/8,"]
)
def test_networks_are_a_list_or_a_text_with_commas(written):
    assert values.networks(written) == (ipaddress.ip_network("10.0.0.0/8"), ipaddress.ip_network("fd00::/8"))


@pytest.mark.parametrize("written", ["10.0.0.1/8", "everything", ["10.0.0.0/8", 5], 5, {"a": 1}])
def test_what_are_no_networks_is_refused(written):
    with pytest.raises(ValueError):  # noqa: PT011 - ipaddress words its own.
        values.networks(written)


def test_a_path_becomes_absolute_and_knows_the_home_folder(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.chdir(tmp_path)

    assert values.path("~/keys") == tmp_path / "keys"
    assert values.path(Path("keys")) == tmp_path / "keys"


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("iam=20", (("iam", values.RateLimit(20, 20)),)),
        ("iam=0.5, sts=100/200", (("iam", values.RateLimit(0.5, 1)), ("sts", values.RateLimit(100, 200)))),
        ({"iam": "20/40"}, (("iam", values.RateLimit(20, 40)),)),
        ({"iam": 20, "sts": 0.5}, (("iam", values.RateLimit(20, 20)), ("sts", values.RateLimit(0.5, 1)))),
        ("", ()),
    ],
)
def test_limits_are_a_table_or_one_text(written, expected):
    assert values.limits(written) == expected


@pytest.mark.parametrize(
    "written",
    [
        "iam",
        "iam=",
        "iam=0",
        "iam=-1",
        "iam=nan",
        "iam=inf",
        "iam=1/0",
        "iam=1/x",
        {"iam": True},
        7,
        ["iam=1"],
    ],
)
def test_what_is_no_limit_is_refused(written):
    with pytest.raises(ValueError, match=r"limit|number|float|string|literal"):
        values.limits(written)
