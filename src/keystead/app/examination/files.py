"""The data directory's files: who may read them, and whether root key and database are whole and fit."""

import os
import shlex
import stat
from collections.abc import Iterator
from pathlib import Path

from keystead.app.authority import schema_owners
from keystead.app.directory import DataDirectory
from keystead.app.examination.finding import Finding, Patient, ok, problem, warning
from keystead.credentials.rootkey import RootKeyFile, RootKeyUnusable
from keystead.credentials.seal import Seal
from keystead.kernel.entropy import SystemEntropy
from keystead.products.product import discover
from keystead.store.inspect import DatabaseUnreadable, Inspected, inspect, opened
from keystead.store.migrations import SchemaMismatch

_PRIVATE = (
    "keystead.db",
    "keystead.db-wal",
    "keystead.db-shm",
    "root-credentials",
    "credentials",
    "tls/ca.key",
    "tls/server.key",
)


def examine_modes(patient: Patient) -> Iterator[Finding]:
    """Look for what others may read."""
    folder = patient.settings.data
    candidates = [folder, *(folder / name for name in _PRIVATE)]
    open_to_others = [path for path in candidates if path.exists() and path.stat().st_mode & 0o077]
    for path in open_to_others:
        mode = 700 if path.is_dir() else 600
        yield problem("file modes", f"{path} is open to others", f"chmod {mode} {_quoted(path)}")
    if not open_to_others:
        yield ok("file modes", f"{folder} and the secrets in it are their owner's alone")


def examine_root_key(patient: Patient) -> Iterator[Finding]:
    """Look at the root key: there, ours, closed to others, and the one that this database was sealed with."""
    path = patient.settings.root_key_path
    try:
        held = path.stat()
    except OSError as error:
        restore = f"restore {path} from its backup; without it no secret in the database can be read"
        yield problem("root key", f"{path}: {error.strerror}", restore)
        return
    if held.st_uid != os.geteuid():
        yield warning(
            "root key", f"{path} belongs to user id {held.st_uid}", f"chown {os.geteuid()} {_quoted(path)}"
        )
    if stat.S_IMODE(held.st_mode) & 0o077:
        yield problem("root key", f"{path} is open to others", f"chmod 600 {_quoted(path)}")
        return
    try:
        RootKeyFile(path, SystemEntropy()).load()
    except RootKeyUnusable as error:
        yield problem("root key", str(error), f"restore {path} from its backup")
    else:
        yield ok("root key", f"{path} can be read by its owner alone")


def examine_database(patient: Patient) -> Iterator[Finding]:
    """Look at the database. While a server runs it is the server's, and only its schema is read."""
    database = DataDirectory(patient.settings.data).database
    try:
        inspected = inspect(database, schema_owners(discover()), whole=patient.ready is None)
    except SchemaMismatch as error:
        yield problem("database", str(error), "run the keystead that wrote it, or a newer one")
        return
    except DatabaseUnreadable as error:
        yield problem("database", str(error), "restore the data directory from its backup")
        return
    yield from _judge_database(patient, database, inspected)


def _judge_database(patient: Patient, database: Path, inspected: Inspected) -> Iterator[Finding]:
    if inspected.faults:
        fault = inspected.faults[0]
        yield problem(
            "database", f"{database} is damaged: {fault}", "restore the data directory from its backup"
        )
        return
    if inspected.missing:
        told = f"{inspected.missing} schema changes are not applied yet"
        yield warning("database", told, "keystead serve applies them; back up the data directory before")
    checked = "not read through, since a server runs" if patient.ready else "every page is sound"
    yield ok("database", f"{database}: schema {inspected.schema}, {checked}")
    if patient.ready is None:
        yield from _judge_fit(patient, database)


def _judge_fit(patient: Patient, database: Path) -> Iterator[Finding]:
    """Open every data key: shows that the root key is this database's."""
    try:
        keys = RootKeyFile(patient.settings.root_key_path, SystemEntropy()).load()
        with opened(database) as reader:
            Seal(keys, SystemEntropy()).load(reader)
    except RootKeyUnusable as error:
        yield problem(
            "root key and database", str(error), "restore root key and database from the same backup"
        )
    else:
        yield ok("root key and database", "belong together")


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
