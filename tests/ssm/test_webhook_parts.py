"""The webhook's parts: what is signed, where it may be sent, and what settings are refused."""

import asyncio

import pytest

from keystead.config.settings import BadSetting
from keystead.kernel.secret import Secret
from keystead.products.ssm.request_records import Event
from keystead.products.ssm.webhook.destination import Destination, Forbidden, judge
from keystead.products.ssm.webhook.envelope import body_of, headers_of, read_secret
from keystead.products.ssm.webhook.sending import pause_ms


@pytest.fixture
def secret_file(tmp_path):
    return tmp_path / "webhook.secret"


def test_signature_is_that_of_the_specifications_reference_libraries(secret_file) -> None:
    # The example by which the reference implementations of Standard Webhooks are tested.
    secret_file.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n")
    event = Event("msg_p5jXN8AQM9LWM0D4loKWxJek", "", "", "", "", "{}", 0)

    headers = headers_of(event, b'{"test": 2432232314}', read_secret(secret_file), 1614265330.9)

    assert headers["webhook-timestamp"] == "1614265330"
    assert headers["webhook-signature"] == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_body_is_the_same_at_every_try() -> None:
    event = Event(
        "id", "123456789012", "eu-west-1", "oi-0123456789ab", "T", '{"ExecutionId":""}', 1_700_000_000_999
    )

    assert body_of(event) == body_of(event)
    assert b'"time":"2023-11-14T22:13:20Z"' in body_of(event)
    assert b'"resources":["arn:aws:ssm:eu-west-1:123456789012:opsitem/oi-0123456789ab"]' in body_of(event)


@pytest.mark.parametrize(
    "text", ["", "whsec_", "whsec_c2hvcnQ=", "whsec_?", "TWZLUTlyOEdLWXFyVHdqVVBEOElMUFo="]
)
def test_secret_of_another_form_is_refused(secret_file, text: str) -> None:
    secret_file.write_text(text)

    with pytest.raises(BadSetting, match="webhook_secret_file"):
        read_secret(secret_file)


def test_secret_that_is_not_there_is_refused(secret_file) -> None:
    with pytest.raises(BadSetting, match="No such file"):
        read_secret(secret_file)
    with pytest.raises(BadSetting, match="must name the key"):
        read_secret(None)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "https:///path",
        "https://user:pw@example.com/",
        "https://example.com/#part",
        "https://example.com:99999/",
        "https://example.com/a b",
        "https://example.com/\r\nX: y",
        "https://exämple.com/",
        "http://example.com/",
        "http://127.0.0.1:1/",
        "example.com",
    ],
)
def test_url_that_is_none_or_plain_is_refused(url: str) -> None:
    with pytest.raises(BadSetting, match="webhook_url"):
        Destination(url, ("listed",), None)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "::1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "100.64.0.1", "fd00:ec2::254"),
        *("::ffff:127.0.0.1", "64:ff9b::7f00:1", "198.18.0.1", "240.0.0.1"),
    ],
)
def test_near_address_is_for_listed_hosts_only(address: str) -> None:
    with pytest.raises(Forbidden):
        judge(address, is_listed=False)
    judge(address, is_listed=True)


@pytest.mark.parametrize(
    "address",
    [
        *("169.254.169.254", "fe80::1", "fe80::1%eth0", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe"),
        *("0.0.0.0", "::", "224.0.0.1", "ff02::1", "2002:7f00:1::", "2001:0:a9fe:a9fe::1"),
    ],
)
def test_address_where_no_receiver_is_is_for_nobody(address: str) -> None:
    with pytest.raises(Forbidden):
        judge(address, is_listed=True)


@pytest.mark.parametrize("address", ["1.1.1.1", "2606:4700:4700::1111"])
def test_public_address_is_for_everybody(address: str) -> None:
    judge(address, is_listed=False)


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "2130706433", "0x7f.1", "[::1]"])
def test_name_is_judged_by_what_it_resolves_to(host: str) -> None:
    with pytest.raises((Forbidden, OSError)):
        asyncio.run(Destination(f"https://{host}/", ("elsewhere",), None).open())


def test_pauses_double_up_to_an_hour() -> None:
    assert [pause_ms(tried) for tried in (1, 2, 3, 12, 13, 14, 10_000)] == [
        *(1000, 2000, 4000, 2_048_000, 3_600_000, 3_600_000, 3_600_000),
    ]


def test_secret_shows_in_no_text() -> None:
    assert "whsec" not in repr(Secret(b"whsec"))
