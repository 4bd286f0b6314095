"""A credential of the matrix: as somebody holds it, and as it is shown at a door."""

from dataclasses import dataclass

from iam.room import Room
from keystead.store.interface import Transaction
from support.running import Key

OTHER_ACCOUNT = "210987654321"


@dataclass(frozen=True)
class Shown:
    """A credential as it is shown at a door. `audience` is what it is shown for, when not for that door."""

    key: Key
    audience: str = ""
    is_altered_on_the_way: bool = False


@dataclass(frozen=True)
class Held:
    """A credential with who holds it: `user_name` is empty for the account root."""

    key: Key
    user_name: str
    role_arn: str = ""
    issuer: Key | None = None
    """Of a session: its role, and the key of the user `user_name` that it was made with."""

    @property
    def members(self) -> dict[str, str]:
        """How IAM's operations on keys name it."""
        return {"AccessKeyId": (self.issuer or self.key).id} | (
            {"UserName": self.user_name} if self.user_name else {}
        )


def make_other_account(room: Room) -> None:
    """Make an account beside this one, if it is not there yet.

    Its data keys are in force from its commit on, so that it is made in a job of its own.
    """
    authority = room.authority.authority

    def make(tx: Transaction) -> None:
        if not tx.one("SELECT 1 FROM account WHERE account = ?", (OTHER_ACCOUNT,)):
            authority.accounts.create(tx, OTHER_ACCOUNT)

    room.authority.run(authority.store.write(make))
