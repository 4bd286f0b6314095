"""Terraform as a client: a working folder, the provider from a local plugin folder, nothing from the network.

Skips, and says why, where the `terraform` binary or the AWS provider is missing; nothing else is ever skipped.
`KEYSTEAD_TERRAFORM_PLUGINS` names the plugin folder where it is none of the usual ones.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pytest

from support.running import Key

VARIABLE = "KEYSTEAD_TERRAFORM_PLUGINS"
_PROVIDER = "registry.terraform.io/hashicorp/aws"
_WANTED_MAJOR = "5."
_SECONDS = 240
"""The provider needs up to half a minute of a busy machine to start."""
_SERVICES = ("iam", "sts", "s3", "ssm", "grafana", "lightsail", "route53")
NO_CHANGES, CHANGES = 0, 2
"""Exit statuses of `plan -detailed-exitcode`."""


def _places() -> Iterable[Path]:
    """Give the folders in which providers usually lie, laid out as Terraform's filesystem mirror."""
    given = os.environ.get(VARIABLE)
    if given:
        yield Path(given)
    home = Path.home()
    yield from (home / ".terraform.d" / "plugins", home / ".local" / "share" / "terraform" / "plugins")
    for root in (Path("/usr/local/share"), Path("/usr/share"), Path("/opt")):
        yield root / "terraform" / "plugins"
        if root.is_dir():
            yield from sorted(each for each in root.iterdir() if each.is_dir())


def plugin_folder() -> Path | None:
    """Return the first plugin folder that has version 5 of the AWS provider."""
    for place in _places():
        versions = place / _PROVIDER
        if versions.is_dir() and any(each.name.startswith(_WANTED_MAJOR) for each in versions.iterdir()):
            return place
    return None


def terraform_or_skip() -> tuple[str, Path]:
    """Return the program and the plugin folder, or skip the test."""
    program, plugins = shutil.which("terraform"), plugin_folder()
    if program is None:
        pytest.skip("Terraform is not on PATH")
    if plugins is None:
        pytest.skip(f"Terraform's AWS provider 5.x is in no local plugin folder; {VARIABLE} can name one")
    return program, plugins


class Terraform:
    """One working folder against one endpoint. Every step but `plan` fails the test when Terraform does."""

    def __init__(
        self, folder: Path, url: str, key: Key, region: str = "us-east-1", **arguments: bool
    ) -> None:
        """Write the provider's configuration and initialise. Skips where Terraform is missing.

        `arguments` are further ones of the provider, such as `skip_requesting_account_id`.
        """
        self._program, plugins = terraform_or_skip()
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "provider.tf.json").write_text(json.dumps(_provider(url, region, arguments)))
        self._environment = _environment(folder, key, region)
        self.run("init", f"-plugin-dir={plugins}")

    def write(self, configuration: str, name: str = "main.tf") -> None:
        """Put a configuration in place of the one before."""
        (self.folder / name).write_text(configuration)

    def run(
        self, verb: str, *arguments: str, accept: Iterable[int] = (0,)
    ) -> subprocess.CompletedProcess[str]:
        """Run a verb without asking anything, and return how it ended."""
        options = [] if verb == "state" else ["-input=false", "-no-color"]
        done = subprocess.run(
            [self._program, verb, *options, *arguments],
            cwd=self.folder,
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        assert done.returncode in tuple(accept), f"terraform {verb}:\n{done.stdout}\n{done.stderr}"
        return done

    def apply(self) -> str:
        """Bring about what is configured, and return what Terraform says it did.

        Such as `1 imported, 2 added, 0 changed, 0 destroyed`; without imports the first is left out.
        """
        return _counts(self.run("apply", "-auto-approve").stdout, "Apply complete! Resources: ")

    def is_settled(self) -> bool:
        """Return whether a plan finds nothing to change."""
        done = self.run("plan", "-detailed-exitcode", accept=(NO_CHANGES, CHANGES))
        return done.returncode == NO_CHANGES

    def destroy(self) -> str:
        """Remove all that is in the state, and return how much that was, such as `3 destroyed`."""
        return _counts(self.run("destroy", "-auto-approve").stdout, "Destroy complete! Resources: ")

    def import_again(self, identifiers: Mapping[str, str]) -> str:
        """Forget resources, by address, and have the next apply import them by their identifiers.

        One apply for all of them, since each start of the provider costs seconds. Returns as `apply` does.
        """
        self.run("state", "rm", *identifiers)
        blocks = [f'import {{\n  to = {to}\n  id = "{given}"\n}}\n' for to, given in identifiers.items()]
        self.write("".join(blocks), "imports.tf")
        return self.apply()

    def attributes(self, address: str) -> dict[str, Any]:
        """Return the attributes of a resource of the root module, as the state has them."""
        state = json.loads((self.folder / "terraform.tfstate").read_text())
        held = {f"{each['type']}.{each['name']}": each["instances"] for each in state["resources"]}
        return held[address][0]["attributes"]


def _counts(output: str, after: str) -> str:
    return next(line.partition(after)[2] for line in output.splitlines() if after in line).rstrip(".")


def _provider(url: str, region: str, arguments: Mapping[str, bool]) -> dict[str, Any]:
    return {
        "terraform": {"required_providers": {"aws": {"source": "hashicorp/aws", "version": "~> 5.0"}}},
        "provider": {
            "aws": {
                "region": region,
                "s3_use_path_style": True,
                "max_retries": 1,
                "endpoints": [dict.fromkeys(_SERVICES, url)],
                **arguments,
            }
        },
    }


def _environment(folder: Path, key: Key, region: str) -> dict[str, str]:
    """Return what Terraform runs with: keys by the environment, so that no state or plan file holds them."""
    inherited = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    keys = {"AWS_ACCESS_KEY_ID": key.id, "AWS_SECRET_ACCESS_KEY": key.secret}
    if key.session_token is not None:
        keys["AWS_SESSION_TOKEN"] = key.session_token
    return (
        inherited
        | keys
        | {
            "HOME": str(folder),
            "AWS_REGION": region,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CHECKPOINT_DISABLE": "1",
            "TF_IN_AUTOMATION": "1",
            # Terraform and its provider live for seconds: collecting garbage less often is a third of their time.
            "GOGC": "400",
            "NO_PROXY": "127.0.0.1,localhost",
        }
    )
