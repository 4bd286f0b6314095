"""Takes the collection community.grafana out of the wheel of the Ansible community package, where PyPI has it.

Usage: `collection.py FOLDER`: the wheel lies in FOLDER/wheel, the collection comes under FOLDER/collections. The
whole package is half a gigabyte of files; this one collection is 140 of them.
"""

import sys
import zipfile
from pathlib import Path

COLLECTION = "ansible_collections/community/grafana/"


def main(folder: Path) -> None:
    """Unpack the collection, and forget the wheel."""
    for wheel in (folder / "wheel").glob("ansible-*.whl"):
        with zipfile.ZipFile(wheel) as packed:
            wanted = [name for name in packed.namelist() if name.startswith(COLLECTION)]
            packed.extractall(folder / "collections", wanted)
        wheel.unlink()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
