"""A second keystead in a process of its own, as the Grafana that stands behind a workspace."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from support.running import Key, root_key_of


class SecondKeystead:
    """Serves until `stop`. It has the two attributes of a running authority that clients are made from."""

    def __init__(self, folder: Path) -> None:
        data, ready = folder / "second", folder / "second.ready"
        self._log = (folder / "second.log").open("wb")
        addresses = [f"--{name}=127.0.0.1:0" for name in ("http", "https", "doh", "dot")]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "keystead", "serve", "--data", data, "--ready-file", ready, *addresses],
            env={**os.environ, "KEYSTEAD_GRAFANA_WORKSPACES_PER_REGION": "100"},
            stdout=self._log,
            stderr=self._log,
        )
        deadline = time.monotonic() + 30
        while not ready.exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise AssertionError((folder / "second.log").read_text())
            time.sleep(0.05)
        told = json.loads(ready.read_text())
        self.url: str = told["http"]
        self.tls_url: str = told["https"]
        self.ca = data / "tls" / "ca.pem"
        self.root_key: Key = root_key_of(data)

    def stop(self) -> None:
        self._process.send_signal(signal.SIGTERM)
        self._process.wait(20)
        self._log.close()
