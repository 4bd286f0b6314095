"""Makes `prove` and `bench` importable: they are parts of the repository, not of the installed product."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
