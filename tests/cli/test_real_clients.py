"""Unmodified clients, each with the botocore of its own choice, go the whole way.

The aws CLI over HTTPS is only asked who it is (`test_env_command`): each of its calls costs a second of start-up.
"""

import subprocess

import pytest
from cli_support import CHECKOUT, clean_environment

S3 = ("s3cli", "s3boto3", "rclone", "restic", "s3cmd", "s3fs", "s3fs-tls", "minio", "pyarrow")


@pytest.mark.parametrize(
    "client",
    ["awscli", "policies", "boto3", "boto3-tls", "dns", "dns_refusals", "dns_views", "grafana-curl", *S3],
)
def test_real_client_goes_the_whole_way(client: str) -> None:
    walked = subprocess.run(
        [CHECKOUT / "clients" / "run", client],
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert walked.returncode == 0, walked.stdout + walked.stderr
