"""In CI a skip is a failure, Terraform's excepted."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def outcome_of(body: str, folder: Path) -> str:
    """Run one test file as CI does and return pytest's closing line."""
    (folder / "test_it.py").write_text(f"import pytest\n{body}\n")
    options = ["-p", "tools.pytest_no_skips", "-p", "no:cacheprovider", "-q", "-c", "/dev/null"]
    command = [sys.executable, "-m", "pytest", *options, "--rootdir", str(folder), str(folder)]
    alone = os.environ | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    run = subprocess.run(command, cwd=ROOT, env=alone, capture_output=True, text=True, check=False)
    return run.stdout.strip().splitlines()[-1]


SKIPS = {
    "in a test": "def test_it(): pytest.skip('no aws here')",
    "by a mark": "@pytest.mark.skip(reason='later')\ndef test_it(): pass",
    "of a module": "pytest.skip('no aws here', allow_module_level=True)",
    "for want of a library": "pytest.importorskip('no_such_library')",
}


@pytest.mark.parametrize("way", SKIPS)
def test_a_skip_fails_however_it_is_said(way: str, tmp_path: Path) -> None:
    closing = outcome_of(SKIPS[way], tmp_path)

    assert "skipped" not in closing
    assert "1 failed" in closing or "1 error" in closing


def test_terraform_may_be_missing(tmp_path: Path) -> None:
    assert "1 skipped" in outcome_of("def test_it(): pytest.skip('Terraform is not installed')", tmp_path)


def test_an_expected_failure_is_no_skip(tmp_path: Path) -> None:
    assert "1 xfailed" in outcome_of("@pytest.mark.xfail\ndef test_it(): assert False", tmp_path)
