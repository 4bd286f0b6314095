"""Accounts: made once, with their keys, and named by an alias that is nobody else's."""

from pathlib import Path

import pytest

import keystead
from keystead.credentials import keyring
from keystead.credentials.rootkey import RootKeyFile
from keystead.credentials.seal import Seal, binding
from keystead.identity import records
from keystead.identity.accounts import Accounts
from keystead.kernel.errors import AlreadyExists, NotFound
from keystead.kernel.secret import Secret
from keystead.store.migrations import Migrations, migrate
from keystead.store.sqlite import SQLiteStore
from support.fakes import FixedEntropy, TestClock

ONE, OTHER = "111111111111", "222222222222"


@pytest.fixture
def store(tmp_path):
    store = SQLiteStore(tmp_path)
    source = Path(keystead.__file__).parent
    owners = [
        Migrations(layer, source / layer / "migrations") for layer in ("store", "credentials", "identity")
    ]
    store.write_now(lambda tx: migrate(tx, owners, 0))
    yield store
    store.close()


@pytest.fixture
def seal(tmp_path):
    file = RootKeyFile(tmp_path / "root.key", FixedEntropy())
    file.create()
    return Seal(file.load(), FixedEntropy())


@pytest.fixture
def accounts(store, seal):
    accounts = Accounts(seal, TestClock())
    for account in (ONE, OTHER):
        store.write_now(lambda tx, account=account: accounts.create(tx, account))
    return accounts


def test_an_account_is_made_with_a_sealing_key_of_its_own(store, seal, accounts):
    keys = keyring.all_keys(store.reader)

    assert [(key.account, key.purpose) for key in keys] == [(ONE, "seal"), (OTHER, "seal")]
    assert seal.current_key(ONE) != seal.current_key(OTHER)
    assert seal.close(ONE, Secret(b"x"), binding("A", ONE, "k", 1)).data_key == seal.current_key(ONE)


def test_an_account_is_made_once(store, accounts):
    with pytest.raises(AlreadyExists):
        store.write_now(lambda tx: accounts.create(tx, ONE))

    assert len(keyring.all_keys(store.reader)) == 2


def test_an_account_that_was_undone_has_no_key_in_memory(store, seal, accounts):
    def undone(tx):
        accounts.create(tx, "333333333333")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.write_now(undone)

    with pytest.raises(KeyError):
        seal.current_key("333333333333")
    with pytest.raises(NotFound):
        accounts.get(store.reader, "333333333333")


def test_an_alias_is_one_accounts_only_and_a_second_replaces_the_first(store, accounts):
    store.write_now(lambda tx: accounts.set_alias(tx, ONE, "first"))
    store.write_now(lambda tx: accounts.set_alias(tx, ONE, "second"))
    store.write_now(lambda tx: accounts.set_alias(tx, OTHER, "first"))

    with pytest.raises(AlreadyExists):
        store.write_now(lambda tx: accounts.set_alias(tx, OTHER, "second"))

    assert [each.alias for each in records.accounts(store.reader)] == ["second", "first"]


def test_an_alias_is_removed_by_its_own_account_only(store, accounts):
    store.write_now(lambda tx: accounts.set_alias(tx, ONE, "first"))

    with pytest.raises(NotFound):
        store.write_now(lambda tx: accounts.remove_alias(tx, OTHER, "first"))
    store.write_now(lambda tx: accounts.remove_alias(tx, ONE, "first"))

    assert accounts.get(store.reader, ONE).alias is None
