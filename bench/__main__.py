"""`python -m bench`: run the benchmarks and print their report.

Exit status: 0 all measured lines hold; 1 a line is missed; 2 the run itself is worth nothing (an unexpected
answer, a saturated client, a machine too busy). With `--quick` only unexpected answers count: it is a smoke test.
"""

import argparse
import os
import platform
import shutil
import signal
import sys
import tempfile
from importlib.metadata import version
from pathlib import Path
from typing import NoReturn

from bench import report
from bench.authorisation import authorisation
from bench.compare import compare
from bench.dns import dns
from bench.grafana import grafana
from bench.grafana_proxy import grafana_proxy
from bench.growth import growth, peer_growth
from bench.lines import lines
from bench.load import ROOT, LoadFailed
from bench.measure import filesystem
from bench.profile import profile
from bench.results import Results
from bench.s3 import s3
from bench.servers import ServerFailed
from bench.settings import FULL, QUICK, Place, TooFewCores, choose_place
from bench.startup import startup
from bench.syncs import syncs

PARTS = {
    "startup": startup,
    "compare": compare,
    "authorisation": authorisation,
    "grafana": grafana,
    "grafana_proxy": grafana_proxy,
    "syncs": syncs,
    "s3": s3,
    "growth": growth,
    "peer-growth": peer_growth,
    "profile": profile,
    "dns": dns,
}
HOLDS, MISSED, WORTHLESS = 0, 1, 2


def main() -> int:
    """Run what the command line asks for; return the exit status."""
    asked = _arguments()
    # An ordinary exit, so that every server is ended on the way out.
    signal.signal(signal.SIGTERM, _leave)
    results = Results()
    asked.directory.mkdir(parents=True, exist_ok=True)
    directory = Path(tempfile.mkdtemp(prefix="run-", dir=asked.directory))
    try:
        place = choose_place(directory)
        results.machine = _machine(place)
        for part in asked.parts or PARTS:
            PARTS[part](results, place, QUICK if asked.quick else FULL, _say)
    except (LoadFailed, ServerFailed, TooFewCores) as failure:
        results.problems.append(str(failure))
        return _close(asked, results, failed=True)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    return _close(asked, results, failed=False)


def _close(asked: argparse.Namespace, results: Results, failed: bool) -> int:
    print(report.text(results))
    if asked.json:
        report.write_json(results, asked.json)
    if failed or (results.problems and not asked.quick):
        return WORTHLESS
    missed = any(line.holds is False for line in lines(results))
    return MISSED if missed and not asked.quick else HOLDS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench", description="keystead against moto and a bare server"
    )
    known = f"any of {', '.join(PARTS)}; all by default"
    # An empty list is a choice, too: argparse would refuse a command line without parts.
    parser.add_argument("parts", nargs="*", choices=[*PARTS, []], help=known, metavar="PART")
    parser.add_argument("--quick", action="store_true", help="two rounds of half a second: a smoke test")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every round as JSON, too")
    parser.add_argument(
        "--directory",
        type=Path,
        default=ROOT / ".bench",
        help="where data directories go, on a real disk (default: .bench)",
    )
    return parser.parse_args()


def _machine(place: Place) -> dict[str, str]:
    return {
        "python": platform.python_version(),
        "cores": f"server {place.server_core}, client {place.client_core} of {os.cpu_count()}",
        "load": f"{os.getloadavg()[0]:.2f}",
        "disk": filesystem(place.directory),
        "moto": version("moto"),
        "uvicorn": version("uvicorn"),
    }


def _say(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


def _leave(signum: int, frame: object) -> NoReturn:  # noqa: ARG001  # The signature is signal's.
    raise SystemExit(128 + signum)


if __name__ == "__main__":
    sys.exit(main())
