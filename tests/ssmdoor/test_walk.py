"""The whole way of just-in-time access as people go it: `clients/node_access.sh` against a server of its own."""

import subprocess

from cli.cli_support import clean_environment
from ssmdoor.rig import ROOT


def test_unmodified_aws_cli_goes_the_whole_way():
    done = subprocess.run(
        [ROOT / "clients/run", "node-access"],
        env=clean_environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    print(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "node access went the whole way: aws-cli/" in done.stdout
