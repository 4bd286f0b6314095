"""Each import contract bites: a breach is planted in a copy of the product, and its contract breaks."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

BREACHES = {
    "an upward import": ("layers", "kernel/ids.py", "import keystead.audit.event"),
    "a sideways import": ("layers", "store/interface.py", "import keystead.protocol.errors"),
    "a folder without a layer": ("layers", "helpers/__init__.py", ""),
    "a product that imports another": ("products", "products/sts/caller.py", "import keystead.products.iam"),
    "the gateway that mints": ("issue", "gateway/call.py", "import keystead.credentials.issue"),
    "access that mints by way of others": (
        "issue",
        "credentials/verify.py",
        "import keystead.credentials.issue",
    ),
    "a core that knows the wire": ("wire", "credentials/kind.py", "import keystead.protocol.errors"),
    "a core that knows AWS's types": ("wire", "identity/users.py", "import keystead.types.iam"),
    "botocore above protocol": ("botocore", "gateway/call.py", "import botocore.model"),
    "a driver outside store": ("drivers", "credentials/shelf.py", "import sqlite3"),
    "cryptography in a product": ("cryptography", "products/iam/users.py", "import cryptography.fernet"),
    "an S3 door that mints": (
        "s3-door",
        "products/lightsail/door/app.py",
        "import keystead.credentials.issue",
    ),
    "a library in the kernel": ("kernel", "kernel/ids.py", "import msgspec"),
}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_of_a_contract_is_found(breach: str, tmp_path: Path) -> None:
    contract, file, line = BREACHES[breach]
    product = tmp_path / "keystead"
    shutil.copytree(ROOT / "src/keystead", product, ignore=shutil.ignore_patterns("__pycache__"))
    (product / file).parent.mkdir(exist_ok=True)
    with (product / file).open("a") as source:
        source.write(f"\n{line}\n")

    checked = run_contract(contract, tmp_path)

    assert checked.returncode == 1, checked.stdout + checked.stderr
    assert "BROKEN" in checked.stdout


def run_contract(contract: str, folder: Path) -> subprocess.CompletedProcess[str]:
    program = str(Path(sys.executable).with_name("lint-imports"))
    options = ["--config", str(ROOT / ".importlinter"), "--contract", contract, "--no-cache", "--no-logo"]
    environment = os.environ | {"PYTHONPATH": str(folder)}
    return subprocess.run(
        [program, *options], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
