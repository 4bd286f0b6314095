"""Fixtures of the command line's tests."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from access_people import people
from cli_support import made, served

__all__ = ["made", "people", "served"]
