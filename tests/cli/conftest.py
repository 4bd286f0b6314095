"""Fixtures of the command line's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from cli_support import made, served

__all__ = ["made", "served"]
