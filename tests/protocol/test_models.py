"""Models are found and read without botocore, compiled when first asked for, and may be brought along."""

import gzip
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from strategies import models

from keystead.protocol import Models, ServiceModel, UnknownMembers, UnknownService, WireRequest

SERVICES = ("iam", "sts", "ssm", "grafana", "lightsail", "s3", "route53", "route53globalresolver")
PRIVATE: dict[str, Any] = {
    "metadata": {
        "apiVersion": "2026-01-01",
        "endpointPrefix": "private",
        "protocol": "json",
        "jsonVersion": "1.1",
        "targetPrefix": "Private",
    },
    "operations": {
        "Put": {"name": "Put", "input": {"shape": "PutRequest"}, "output": {"shape": "PutRequest"}},
    },
    "shapes": {
        "PutRequest": {
            "type": "structure",
            "members": {"Name": {"shape": "Name"}, "Token": {"shape": "Name", "idempotencyToken": True}},
        },
        "Name": {"type": "string"},
    },
}


@pytest.mark.parametrize("name", SERVICES)
def test_every_operation_of_every_service_compiles(name: str) -> None:
    service = models().service(name)

    for operation in service.operation_names:
        assert operation == service.operation(operation).name


def test_botocore_is_never_imported() -> None:
    script = (
        "import sys; from keystead.protocol import Models; "
        "Models().service('iam').operation('ListUsers'); print('botocore' in sys.modules)"
    )

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert done.stdout.strip() == "False"


def test_service_says_its_names() -> None:
    iam, ssm = models().service("iam"), models().service("ssm")

    assert (iam.protocol, iam.api_version, iam.signing_name) == ("query", "2010-05-08", "iam")
    assert (ssm.protocol, ssm.target_prefix, ssm.json_version) == ("json", "AmazonSSM", "1.1")
    assert iam.xml_namespace == "https://iam.amazonaws.com/doc/2010-05-08/"
    assert models().service("route53").xml_namespace == "https://route53.amazonaws.com/doc/2013-04-01/"


def test_operations_say_which_member_is_the_idempotency_token_and_which_need_no_signature() -> None:
    catalogue = models()

    assert (
        catalogue.service("route53globalresolver").operation("CreateAccessToken").idempotency_member
        == "clientToken"
    )
    assert catalogue.service("iam").operation("CreateUser").idempotency_member is None
    assert catalogue.service("sts").operation("AssumeRoleWithWebIdentity").is_unsigned
    assert not catalogue.service("sts").operation("GetCallerIdentity").is_unsigned


def test_streams_are_known_and_handed_through_unread() -> None:
    put = models().service("s3").operation("PutObject")
    stream = object()

    params = put.parse(WireRequest("PUT", b"/b/k", body=stream, labels={"Bucket": "b", "Key": "k"}))

    assert put.streaming_request
    assert params["Body"] is stream
    get = models().service("s3").operation("GetObject")
    assert get.streaming_response
    assert get.serialise({"Body": stream}, "id").body is stream


@pytest.mark.parametrize("name", ["no-such-service", "", "../iam", "iam/2010-05-08", "IAM\0"])
def test_unknown_service_is_refused(name: str) -> None:
    with pytest.raises(UnknownService):
        models().service(name)


def test_unknown_operation_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        models().service("iam").operation("MakeCoffee")


def test_private_model_is_read_from_a_folder_and_its_newest_version_wins(tmp_path: Path) -> None:
    for version, compressed in (("2025-01-01", True), ("2026-01-01", False)):
        folder = tmp_path / "private" / version
        folder.mkdir(parents=True)
        content = json.dumps(PRIVATE | {"metadata": PRIVATE["metadata"] | {"apiVersion": version}}).encode()
        if compressed:
            (folder / "service-2.json.gz").write_bytes(gzip.compress(content))
        else:
            (folder / "service-2.json").write_bytes(content)

    service = Models([tmp_path]).service("private")

    assert service.api_version == "2026-01-01"
    assert service.operation("Put").idempotency_member == "Token"


def test_private_model_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "private.json"
    file.write_text(json.dumps(PRIVATE))

    assert Models([file]).service("private").target_prefix == "Private"


def test_digest_changes_with_the_models(tmp_path: Path) -> None:
    file = tmp_path / "private.json"
    file.write_text(json.dumps(PRIVATE))
    before = Models([file]).digest(["private", "iam"])
    file.write_text(json.dumps(PRIVATE | {"shapes": {**PRIVATE["shapes"], "More": {"type": "string"}}}))

    after = Models([file]).digest(["private", "iam"])

    assert before != after
    assert after == Models([file]).digest(["iam", "private"])


@pytest.mark.parametrize("protocol", ["json", "query", "rest-json", "rest-xml"])
def test_member_that_the_model_lacks_is_our_mistake(protocol: str) -> None:
    description = PRIVATE | {"metadata": PRIVATE["metadata"] | {"protocol": protocol}}
    operation = ServiceModel("private", description).operation("Put")

    with pytest.raises(UnknownMembers, match="Nmae"):
        operation.serialise({"Nmae": "x"}, "id")
    assert operation.serialise({"Name": None}, "id").status == 200
