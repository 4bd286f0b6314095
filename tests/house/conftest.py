"""Makes `tools` and its rules importable: they are part of the repository, not of the installed product."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2] / "tools"))
