"""Makes a data directory: root key, database, account, the keys of its root and its first user, certificates.

Every step is skipped where it was done before, so an interrupted `init` is finished by the next one.
"""

import os

from keystead.app.authority import Authority, open_authority
from keystead.app.certificates import Names, ensure_certificates
from keystead.app.commanding import administration_event
from keystead.app.directory import DataDirectory
from keystead.app.key_files import NoSuchKey, key_of, mint_key, write_key
from keystead.audit.event import encode
from keystead.config.settings import Settings
from keystead.credentials.rootkey import RootKeyFile
from keystead.identity import records
from keystead.identity.entity import entity_of
from keystead.identity.principals import ROOT_OWNER
from keystead.kernel.clock import MovableClock
from keystead.kernel.entropy import SystemEntropy
from keystead.store.interface import Transaction

ADMIN = "admin"
"""The first user. Root cannot assume roles and is bound by no policy, so that it is not for every day."""
ADMINISTRATOR_ACCESS = "arn:aws:iam::aws:policy/AdministratorAccess"


class CannotInitialise(Exception):
    """The directory holds something that this step cannot be done beside; the message says what to do."""


def is_initialised(settings: Settings) -> bool:
    """Return whether `init` ran to its end here: the last thing it makes is the server's certificate."""
    directory = DataDirectory(settings.data)
    has_database = directory.database_place(settings).url or directory.database.exists()
    return bool(has_database) and directory.tls.exists()


def initialise(settings: Settings, *, test: bool) -> bool:
    """Make the data directory, or finish it; return whether there was anything to do.

    `test` marks it as one whose clock may be moved. Raises CannotInitialise, DirectoryInUse, RootKeyUnusable.
    """
    if is_initialised(settings):
        _check_mark(settings, test=test)
        return False
    directory = DataDirectory(settings.data)
    directory.make()
    if test and not directory.test_clock.exists():
        directory.keep_clock(MovableClock())
    _make_root_key(settings, directory)
    authority = open_authority(settings)
    try:
        _make_account(authority)
        directory.keep_database_place(directory.database_place(settings))
        reader, account = authority.store.reader, settings.account
        write_key(reader, authority, account, ROOT_OWNER, directory.root_credentials)
        write_key(reader, authority, account, _make_admin(authority), directory.credentials)
    except NoSuchKey as error:
        raise CannotInitialise(str(error)) from error
    finally:
        authority.store.close()
    names = Names(settings.domain, settings.public_host or None)
    ensure_certificates(directory.tls, names=names, clock=authority.clock)
    return True


def _check_mark(settings: Settings, *, test: bool) -> None:
    if test and not DataDirectory(settings.data).test_clock.exists():
        raise CannotInitialise(
            f"{settings.data} was made without --test and its clock cannot be moved: use a new directory"
        )


def _make_root_key(settings: Settings, directory: DataDirectory) -> None:
    file = RootKeyFile(settings.root_key_path, SystemEntropy())
    if file.exists():
        return
    if directory.database.exists():
        raise CannotInitialise(
            f"the root key {settings.root_key_path} is missing, and {directory.database} cannot be read without it"
        )
    file.create()


def _make_account(authority: Authority) -> None:
    """Make the account with its keys in one transaction, then the root's access key in another.

    Two, because sealing needs the account's data key, which counts once it is on disk.
    """
    account, store = authority.settings.account, authority.store
    if not records.accounts(store.reader):
        store.write_now(authority.accounts.create_authority_keys)
        store.write_now(lambda tx: authority.accounts.create(tx, account))
    if key_of(store.reader, account, ROOT_OWNER) is None:
        store.write_now(lambda tx: _mint_root_key(tx, authority))


def _mint_root_key(tx: Transaction, authority: Authority) -> None:
    key_id = mint_key(tx, authority, authority.settings.account, ROOT_OWNER)
    _note(tx, authority, "InitialiseAccount", account=authority.settings.account, rootAccessKeyId=key_id)


def _make_admin(authority: Authority) -> str:
    """Make the first user, who may do everything, with a key; return the user's unique id."""
    found = records.user_named(authority.store.reader, authority.settings.account, ADMIN)
    if found is not None:
        return found.id
    return authority.store.write_now(lambda tx: _add_admin(tx, authority))


def _add_admin(tx: Transaction, authority: Authority) -> str:
    base, account = authority.base, authority.settings.account
    user = base.users.create(tx, account, ADMIN, "/")
    base.policies.attach(tx, entity_of(user), ADMINISTRATOR_ACCESS)
    key_id = mint_key(tx, authority, account, user.id)
    _note(tx, authority, "InitialiseUser", account=account, userName=user.name, accessKeyId=key_id)
    return user.id


def _note(tx: Transaction, authority: Authority, name: str, **made: str) -> None:
    tx.note(encode(administration_event(authority, os.getuid(), name, read_only=False, **made)))
