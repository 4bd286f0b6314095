"""Request limits by setting, as SDKs meet them: each service's own throttling error, and nobody else's requests."""

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from iam.answers import refused
from keystead.config.settings import BadSetting
from keystead.config.values import RateLimit
from support.running import Key, RunningAuthority, key_in, settings_for

SLOW = RateLimit(0.001, 3)


@pytest.fixture
def limited(tmp_path):
    limits = (("sts", SLOW), ("route53globalresolver", SLOW))
    running = RunningAuthority(settings_for(tmp_path / "data", limits=limits))
    yield running
    running.stop()


def test_query_service_answers_throttling_when_the_burst_is_used_up(limited):
    sts = limited.client("sts")
    for _ in range(SLOW.burst):
        sts.get_caller_identity()

    with refused("Throttling", "Rate exceeded") as caught:
        sts.get_caller_identity()

    request_id = caught.error.response["ResponseMetadata"]["RequestId"]
    assert limited.command("explain", id=request_id)["check"] == "limit"
    assert limited.client("iam").list_users()["Users"]


def test_other_account_is_not_throttled_and_refused_callers_do_not_count(limited):
    sts = limited.client("sts")
    forged = limited.client("sts", Key(limited.root_key.id, "wrong"))
    for _ in range(3 * SLOW.burst):
        with pytest.raises(ClientError, match="SignatureDoesNotMatch"):
            forged.get_caller_identity()
    for _ in range(SLOW.burst):
        sts.get_caller_identity()
    made = limited.command("account-create", id="444455556666")

    assert (
        limited.client("sts", key_in(made["credentials"])).get_caller_identity()["Account"] == "444455556666"
    )
    with pytest.raises(ClientError, match="Throttling"):
        sts.get_caller_identity()


def test_modelled_throttling_error_is_raised_with_its_members(limited):
    resolver = limited.client("route53globalresolver")
    for _ in range(SLOW.burst):
        resolver.list_global_resolvers()

    with pytest.raises(resolver.exceptions.ThrottlingException) as raised:
        resolver.list_global_resolvers()

    metadata = raised.value.response["ResponseMetadata"]
    assert metadata["HTTPStatusCode"] == 429
    assert int(metadata["HTTPHeaders"]["retry-after"]) > 0


def test_sdk_that_retries_gets_through(tmp_path):
    running = RunningAuthority(settings_for(tmp_path / "data", limits=(("sts", RateLimit(20, 1)),)))
    try:
        retrying = boto3.session.Session().client(
            "sts",
            endpoint_url=running.url,
            region_name="us-east-1",
            aws_access_key_id=running.root_key.id,
            aws_secret_access_key=running.root_key.secret,
            config=Config(retries={"mode": "standard", "total_max_attempts": 10}),
        )

        assert [retrying.get_caller_identity()["Account"] for _ in range(4)] == ["123456789012"] * 4
    finally:
        running.stop()


def test_limit_of_a_service_that_nobody_serves_is_refused_at_the_start(tmp_path):
    with pytest.raises(BadSetting, match="limits: no service ima is served; there are "):
        RunningAuthority(settings_for(tmp_path / "data", limits=(("ima", SLOW),)))
