"""A private PostgreSQL cluster for the tests: on a free port and a socket of its own, gone when the session ends.

It syncs as a real one does: promises about the disk are part of what is tested.
"""

import itertools
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from glob import glob
from pathlib import Path
from typing import Any

import psycopg

_OWNER = "keystead"
_PLACES = "/usr/lib/postgresql/*/bin"
_START_SECONDS = 30
_HBA = "local all all trust\nhost all all 127.0.0.1/32 scram-sha-256\n"


class PostgresMissing(Exception):
    """PostgreSQL's server programs are not on this machine."""


class Cluster:
    """A running cluster. `stop` and `start` may be called again; `remove` is the end."""

    def __init__(self) -> None:
        self._programs = _programs()
        # PostgreSQL refuses to run as root, and the socket's path has to be short.
        self._user = _unprivileged()
        self.folder = Path(tempfile.mkdtemp(prefix="keystead-pg-"))
        self._names = itertools.count(1)
        self._emptied: list[str] = []
        if self._user is not None:
            os.chown(self.folder, self._user.pw_uid, self._user.pw_gid)
        self._run("initdb", "-D", self._data, "-U", _OWNER, "-A", "trust", "-E", "UTF8", "--no-sync")
        (self.folder / "data" / "pg_hba.conf").write_text(_HBA)
        self.port = _free_port()
        self._server: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def _data(self) -> str:
        return str(self.folder / "data")

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = {
            "port": self.port,
            "listen_addresses": "127.0.0.1",
            "unix_socket_directories": self.folder,
            "shared_buffers": "32MB",
            "max_connections": 200,
        }
        options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
        with (self.folder / "log").open("ab") as log:
            self._server = subprocess.Popen(
                [self._programs / "postgres", "-D", self._data, *options],
                stdout=log,
                stderr=log,
                **self._as_user(),
            )
        deadline = time.monotonic() + _START_SECONDS
        while True:
            try:
                self.ask("SELECT 1")
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline or self._server.poll() is not None:
                    raise
                time.sleep(0.02)

    def stop(self, sent: signal.Signals = signal.SIGINT) -> None:
        """Stop the server; SIGINT breaks connections off, SIGQUIT also leaves recovery to the next start."""
        if self._server is not None:
            self._server.send_signal(sent)
            self._server.wait(_START_SECONDS)
            self._server = None

    def remove(self) -> None:
        """Stop the server and delete its files."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    def url(self, database: str) -> str:
        """Return the URL of a database, over the cluster's Unix socket."""
        return f"postgresql://{_OWNER}@/{database}?host={self.folder}&port={self.port}"

    def create(self, **options: str) -> str:
        """Make a fresh database and return its URL. `options` are those of CREATE DATABASE."""
        name = f"test_{next(self._names)}"
        further = "".join(f" {option} {value}" for option, value in options.items())
        self.ask(f"CREATE DATABASE {name} TEMPLATE template0{further}")
        return self.url(name)

    def drop(self, url: str) -> None:
        """Delete a database that was made, whoever is still connected to it."""
        self.ask(f"DROP DATABASE {_name_of(url)} WITH (FORCE)")

    def lend(self) -> str:
        """Return the URL of an empty database; emptying one is five times faster than making one."""
        return self._emptied.pop() if self._emptied else self.create()

    def take_back(self, url: str) -> None:
        """Empty a database that was lent, whoever is still connected to it."""
        self.break_off(url, "")
        self.ask_in(url, "DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self._emptied.append(url)

    def ask(self, sql: str, database: str = "postgres") -> list[tuple[Any, ...]]:
        """Run a statement as the superuser, on a connection of its own, and return its rows."""
        with psycopg.connect(self.url(database), autocommit=True, connect_timeout=5) as connection:
            cursor = connection.execute(sql.encode())
            return cursor.fetchall() if cursor.description else []

    def reload(self) -> None:
        """Have changed settings take effect, also for connections that are made right after."""
        self.ask("SELECT pg_reload_conf()")
        time.sleep(0.2)

    def ask_in(self, url: str, sql: str) -> list[tuple[Any, ...]]:
        """Run a statement in the database of a URL."""
        return self.ask(sql, _name_of(url))

    def break_off(self, url: str, name: str = "keystead") -> int:
        """End the sessions of a database whose application name begins with `name`; return how many."""
        return len(
            self.ask(
                "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity"
                f" WHERE datname = '{_name_of(url)}' AND application_name LIKE '{name}%'"
            )
        )

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments], capture_output=True, check=False, **self._as_user()
        )
        if done.returncode != 0:
            raise RuntimeError(f"{program}: {done.stderr.decode()}")

    def _as_user(self) -> dict[str, Any]:
        if self._user is None:
            return {}
        return {"user": self._user.pw_uid, "group": self._user.pw_gid, "extra_groups": [], "cwd": self.folder}


def _name_of(url: str) -> str:
    return url.partition("?")[0].rpartition("/")[2]


def _unprivileged() -> pwd.struct_passwd | None:
    """Return whom to run the server as; None is ourselves."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresMissing("PostgreSQL cannot run as root, and there is neither a user postgres nor nobody")


def _programs() -> Path:
    """Return the folder of PostgreSQL's server programs."""
    folders = [Path(found).parent for found in [shutil.which("initdb")] if found]
    folders += [Path(found) for found in sorted(glob(_PLACES), reverse=True)]
    for folder in folders:
        if all((folder / program).exists() for program in ("initdb", "postgres")):
            return folder
    raise PostgresMissing("PostgreSQL's initdb and postgres are needed: install Debian's package postgresql")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
