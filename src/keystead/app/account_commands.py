"""Accounts as tenants: the commands that make and show them.

A new account begins with nothing but its root, whose access key goes into a file and nowhere else: no command
returns it, and none takes it as an argument.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path

from keystead.app.authority import Authority
from keystead.app.commanding import Arguments, Command, CommandFailed, changed, looked
from keystead.app.key_files import key_of, mint_key, write_key
from keystead.identity import records
from keystead.identity.principals import ROOT_OWNER
from keystead.identity.records import Account
from keystead.kernel.entropy import Entropy
from keystead.kernel.ids import ACCOUNT_ID
from keystead.store.interface import Reader, Transaction

_LOWEST, _HOW_MANY = 100_000_000_000, 900_000_000_000
"""Drawn account ids have 12 digits without a leading zero, which spreadsheets and shells like to lose."""


def drawn_account(entropy: Entropy) -> str:
    """Return a random account id."""
    return str(_LOWEST + int.from_bytes(entropy.token_bytes(10), "big") % _HOW_MANY)


async def _create(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Make an account and its root's access key, and put that key into a file.

    An account that was made and whose root was given no key, because the server stopped in between, is finished.
    """
    account = arguments.id or drawn_account(authority.entropy)
    if not ACCOUNT_ID.fullmatch(account):
        raise CommandFailed(f"{account} is not an account id: 12 digits")
    file = _file(authority, account, arguments.file)
    if file.exists():
        raise CommandFailed(f"{file} exists and is not written over; name another with --credentials FILE")
    if key_of(authority.store.reader, account, ROOT_OWNER) is None:
        await _make(authority, account, uid)
    elif not arguments.id:
        raise CommandFailed(f"account {account} was drawn and exists already; try again")
    else:
        raise CommandFailed(
            f"account {account} already exists; `keystead account key {account}` writes its root's key to a file"
        )
    await _write(authority, account, file)
    return {**_shown(authority.store.reader, account), "credentials": str(file)}


async def _make(authority: Authority, account: str, uid: int) -> None:
    """Make account and key, each in a transaction: the key is sealed under a data key that is on disk."""
    if records.account(authority.store.reader, account) is None:
        await changed(
            authority,
            uid,
            "CreateAccount",
            lambda tx: authority.accounts.create(tx, account),
            account=account,
        )

    def mint(tx: Transaction) -> None:
        # Asked again here: two commands at once must not give one root two keys.
        if key_of(tx, account, ROOT_OWNER) is None:
            mint_key(tx, authority, account, ROOT_OWNER)

    await changed(authority, uid, "CreateRootAccessKey", mint, account=account)


async def _key(authority: Authority, arguments: Arguments, uid: int) -> object:
    """Write the key of an account's root to a file again."""
    account = authority.accounts.get(authority.store.reader, arguments.id).account
    file = _file(authority, account, arguments.file)
    if file.exists():
        raise CommandFailed(f"{file} exists and is not written over")
    if key_of(authority.store.reader, account, ROOT_OWNER) is None:
        raise CommandFailed(f"the root of account {account} has no access key")
    looked(authority, uid, "WriteRootAccessKey", account=account, file=str(file))
    await _write(authority, account, file)
    return {"account": account, "credentials": str(file)}


async def _write(authority: Authority, account: str, file: Path) -> None:
    own = authority.directory.account_folder(account)
    if file.parent == own:
        own.mkdir(mode=0o700, parents=True, exist_ok=True)
    # On another thread, for the disk's sake; so it has a reader of its own.
    await authority.store.read(lambda reader: write_key(reader, authority, account, ROOT_OWNER, file))


def _file(authority: Authority, account: str, given: str) -> Path:
    """Return where the root's key goes: where the operator says, or in the account's own folder."""
    if not given:
        return authority.directory.account_folder(account) / "root-credentials"
    if not Path(given).is_absolute():
        raise CommandFailed(f"{given} is not an absolute path")
    return Path(given)


async def _ls(authority: Authority, arguments: Arguments, uid: int) -> object:
    del arguments
    looked(authority, uid, "ListAccounts")
    return await authority.store.read(
        lambda reader: [_described(account) for account in records.accounts(reader)]
    )


async def _show(authority: Authority, arguments: Arguments, uid: int) -> object:
    looked(authority, uid, "ShowAccount", account=arguments.id)
    return _shown(authority.store.reader, arguments.id)


def _shown(reader: Reader, account: str) -> Mapping[str, object]:
    found = records.account(reader, account)
    if found is None:
        raise CommandFailed(f"no account {account}; `keystead account ls` lists them")
    return _described(found)


def _described(account: Account) -> Mapping[str, object]:
    created = datetime.fromtimestamp(account.created_at // 1000, UTC).isoformat().replace("+00:00", "Z")
    return {
        "account": account.account,
        "alias": account.alias,
        "created": created,
        "users": account.users,
        "groups": account.groups,
        "roles": account.roles,
        "policies": account.policies,
    }


COMMANDS: Mapping[str, Command] = {
    "account-create": _create,
    "account-ls": _ls,
    "account-show": _show,
    "account-key": _key,
}
