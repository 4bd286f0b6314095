"""Secrets kept for others: sealed under their name and account, and never lost by a rotation of keys."""

import asyncio

import pytest
from credential_core import ONE, OTHER

from keystead.credentials import kept
from keystead.credentials.rekey import rekey
from keystead.credentials.seal import SealBroken
from keystead.kernel.secret import Secret

NAME = "toy.upstream/one"


def _keep(core, text: bytes, name: str = NAME, account: str = ONE) -> None:
    core.write(lambda tx: kept.keep(tx, core.seal, name, account, Secret(text)))


def _shown(core, name: str = NAME) -> Secret | None:
    return kept.shown(core.store.reader, core.seal, name)


def test_a_kept_secret_is_shown_until_it_is_replaced_or_dropped(core):
    _keep(core, b"first")
    assert _shown(core) == Secret(b"first")

    _keep(core, b"second", account=OTHER)
    assert _shown(core) == Secret(b"second")

    core.write(lambda tx: kept.drop(tx, NAME))
    assert _shown(core) is None


@pytest.mark.parametrize(("column", "value"), [("name", "toy.upstream/two"), ("account", OTHER)])
def test_a_kept_secret_under_another_name_or_account_does_not_open(core, column, value):
    _keep(core, b"first")
    core.write(lambda tx: tx.run(f"UPDATE kept_secret SET {column} = ?", (value,)))

    with pytest.raises(SealBroken):
        _shown(core, value if column == "name" else NAME)


def test_kept_secrets_outlive_a_rekey_and_rest_under_its_new_key(core):
    names = [f"toy.upstream/{number}" for number in range(450)]
    for name in names:
        _keep(core, name.encode(), name)

    done = asyncio.run(rekey(core.inline, core.seal, core.root_keys, core.clock))

    assert done.secrets >= len(names)
    assert [_shown(core, name) for name in names] == [Secret(name.encode()) for name in names]
    rows = core.store.reader.all("SELECT DISTINCT data_key FROM kept_secret")
    assert rows == [(core.seal.current_key(ONE),)]
