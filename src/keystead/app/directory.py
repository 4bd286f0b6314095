"""A data directory: which files are in it, and how they are written.

keystead.db                 the database, unless it is a PostgreSQL one
database.json               where that one is, so that every verb finds it
keystead.lock               the lock of whoever serves the directory
root.key                    the root key of the seal (unless it lies elsewhere)
root-credentials            the account root's access key, in the AWS shared-credentials format
credentials                 the same of the user `admin`: what `env` points to
accounts/                   a folder for each further account, with the root-credentials of its own root
tls/                        the local CA and the server's certificate
test-clock.json             marks a directory whose clock may be moved, and says where it stands
admin.sock                  the running server's administration, or admin.sock.path with where it is
"""

from dataclasses import dataclass
from pathlib import Path

import msgspec

from keystead.config.places import TLSFiles
from keystead.config.settings import Settings
from keystead.kernel.clock import Clock, MovableClock, SystemClock
from keystead.kernel.files import write_private
from keystead.store.sqlite import DATABASE


class ClockState(msgspec.Struct):
    """Where a movable clock stands: seconds added to real time, or the epoch second it is stopped at."""

    offset: float = 0.0
    frozen_at: float | None = None


class DatabasePlace(msgspec.Struct, frozen=True):
    """Where the rows are: the URL of a PostgreSQL database (no password in it), or "" for the directory's file."""

    url: str = ""
    password_file: str | None = None


@dataclass(frozen=True, slots=True)
class DataDirectory:
    """The paths inside one data directory."""

    path: Path

    @property
    def database(self) -> Path:
        """The database file."""
        return self.path / DATABASE

    @property
    def root_credentials(self) -> Path:
        """The account root's access key."""
        return self.path / "root-credentials"

    @property
    def credentials(self) -> Path:
        """The access key of the first user, `admin`."""
        return self.path / "credentials"

    def account_folder(self, account: str) -> Path:
        """The folder of an account that was made later."""
        return self.path / "accounts" / account

    @property
    def tls(self) -> Path:
        """The folder of certificates."""
        return self.path / "tls"

    def tls_files(self, settings: Settings) -> TLSFiles:
        """Return what TLS listeners show: the settings' certificate, or the one that the local CA signs."""
        if settings.tls_certificate is not None and settings.tls_key is not None:
            return TLSFiles(settings.tls_certificate, settings.tls_key)
        return TLSFiles(self.tls / "server.pem", self.tls / "server.key")

    @property
    def test_clock(self) -> Path:
        """The mark of a test directory."""
        return self.path / "test-clock.json"

    @property
    def _place_file(self) -> Path:
        return self.path / "database.json"

    def database_place(self, settings: Settings) -> DatabasePlace:
        """Return where the rows are: where the settings say, or else where they were when last served."""
        if settings.database:
            password_file = settings.database_password_file
            return DatabasePlace(settings.database, None if password_file is None else str(password_file))
        if self._place_file.exists():
            return msgspec.json.decode(self._place_file.read_bytes(), type=DatabasePlace)
        return DatabasePlace()

    def keep_database_place(self, place: DatabasePlace) -> None:
        """Write down where the rows are, unless they are in the directory itself."""
        if place.url:
            write_private(self._place_file, msgspec.json.encode(place))

    def make(self) -> None:
        """Make the directory, for its owner alone, unless it is there."""
        self.path.mkdir(mode=0o700, parents=True, exist_ok=True)

    def clock(self) -> Clock:
        """Return the clock to live by: a movable one only where the directory is marked."""
        if not self.test_clock.exists():
            return SystemClock()
        state = msgspec.json.decode(self.test_clock.read_bytes(), type=ClockState)
        return MovableClock(state.offset, state.frozen_at)

    def keep_clock(self, clock: MovableClock) -> None:
        """Write down where the clock stands, so that a restart finds it there; this also sets the mark."""
        write_private(self.test_clock, msgspec.json.encode(ClockState(clock.offset, clock.frozen_at)))
