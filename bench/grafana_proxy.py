"""The Grafana door before an upstream: a proxied GET against a bare proxy of uvicorn and aiohttp's client.

Both stand before the same far side, which shares the client's core, and take turns. What the door does beside is to
verify the token, judge path and headers, look whether all of it still holds, and write the read into the journal.
"""

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from bench import servers
from bench.compare import Say
from bench.grafana import aws_client, get_request, make_workspace, measured, mint_token
from bench.requests import Key
from bench.results import Results, Series, doubts
from bench.servers import Server
from bench.settings import WARM_UP_ROUNDS, Effort, Place

PROXIED, BARE_PROXY = "GET dashboard, proxied", "bare proxy"
_PATH = "/api/dashboards/uid/bench"


def grafana_proxy(results: Results, place: Place, effort: Effort, say: Say) -> None:
    """Fill the proxied row of `results.grafana`. Raises LoadFailed and ServerFailed."""
    directory, core = place.directory, place.server_core
    with (
        _listening("bench.farside", "farside", directory, place.client_core) as far,
        _listening("bench.bareproxy", "bareproxy", directory, core, f"http://{far.authority}") as bare,
        servers.keystead(directory / "grafana-proxy", core) as ours,
    ):
        say("putting a workspace before the far side")
        requests = {
            ours.name: [_proxied_request(ours, directory / "grafana-proxy", far)],
            bare.name: [get_request(bare, _PATH, "glsa_bench")],
        }
        row = results.grafana[PROXIED] = {ours.name: Series(), BARE_PROXY: Series()}
        say(f"{PROXIED}: ['keystead', '{BARE_PROXY}']")
        for number in range(WARM_UP_ROUNDS + effort.rounds):
            for server, name in ((ours, ours.name), (bare, BARE_PROXY)):
                outcome = measured(server, PROXIED, requests[server.name], effort.seconds, place.client_core)
                if number >= WARM_UP_ROUNDS:
                    row[name].rounds.append(outcome)
    results.problems += doubts({PROXIED: row})


def _proxied_request(ours: Server, data: Path, far: Server) -> bytes:
    """Make a workspace with an upstream, and return a Viewer's request for a dashboard behind it."""
    aws = aws_client(ours)
    workspace = make_workspace(aws)
    token_file = data.with_name("far.token")
    token_file.write_text("glsa_bench")
    command = [servers.program("keystead"), "workspace", "upstream", "set", workspace, "--data", str(data)]
    command += ["--url", f"http://{far.authority}", "--token-file", str(token_file)]
    subprocess.run(command, check=True, capture_output=True)
    return get_request(ours, f"/_ws/{workspace}{_PATH}", mint_token(aws, workspace, "VIEWER"))


@contextlib.contextmanager
def _listening(module: str, name: str, directory: Path, core: int, *arguments: str) -> Iterator[Server]:
    """Run a module that prints its port."""
    log = directory / f"{name}.log"
    with servers.process([sys.executable, "-m", module, *arguments], core, log) as child:
        servers.wait_until(child, lambda: log.read_text().strip().isdigit(), name, log)
        yield Server(name, "127.0.0.1", int(log.read_text()), child.pid, Key("none", "none"))
