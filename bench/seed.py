"""Fills a stopped, initialised data directory with users and keys, past the API: `python -m bench.seed`.

A million keys through the API would take longer than the measurement. The rows are made by the same code as
the API's, many to a commit, so what is measured afterwards is the same database.
"""

import argparse
from dataclasses import replace
from pathlib import Path

from bench.population import user_name
from keystead.app.authority import Authority, open_authority
from keystead.config.settings import Settings
from keystead.products.iam.kinds import ACCESS_KEY
from keystead.store.interface import Transaction

_AT_ONCE = 2000


def seed(data: Path, users: int, keys: int) -> None:
    """Add `users` users, named as the bench expects, with `keys` keys each."""
    settings = replace(Settings(data=data), users_per_account=max(users * 2, 5000))
    authority = open_authority(settings)
    try:
        for start in range(0, users, _AT_ONCE):
            portion = range(start, min(start + _AT_ONCE, users))
            authority.store.write_now(lambda tx, portion=portion: _add(tx, authority, portion, keys))
    finally:
        authority.store.close()


def _add(tx: Transaction, authority: Authority, portion: range, keys: int) -> None:
    account, kind = authority.settings.account, authority.kinds[ACCESS_KEY]
    for number in portion:
        user = authority.base.users.create(tx, account, user_name(number), "/")
        for _ in range(keys):
            authority.issuer.mint(tx, kind, account=account, owner=user.id)


def main() -> None:
    """Read the arguments and fill the directory."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--users", type=int, required=True)
    parser.add_argument("--keys", type=int, default=2)
    arguments = parser.parse_args()
    seed(arguments.data.absolute(), arguments.users, arguments.keys)


if __name__ == "__main__":
    main()
