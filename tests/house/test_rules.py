"""Each rule of the house finds a breach that is planted here, and lets the good form pass."""

import pytest
from check_house import breaches, revealers
from rules.source import Source
from rules.sql import check_file

BREACHES = {
    "the machine's clock": ("chance", "app/x.py", "import time\nnow = time.time()"),
    "the machine's clock by its name": ("chance", "app/x.py", "from time import monotonic"),
    "the calendar": ("chance", "cli/x.py", "from datetime import UTC, datetime\nnow = datetime.now(UTC)"),
    "the calendar by its module": ("chance", "cli/x.py", "import datetime\nnow = datetime.datetime.now()"),
    "randomness": ("chance", "audit/x.py", "import secrets"),
    "randomness by its name": ("chance", "audit/x.py", "from uuid import uuid4"),
    "the system's randomness": ("chance", "store/x.py", "import os\nkey = os.urandom(32)"),
    "SQL in another file": ("sql", "identity/users.py", "query = 'SELECT id FROM iam_user'"),
    "a change in another file": ("sql", "app/x.py", "query = '''\n  DELETE FROM credential'''"),
    "every column": ("sql", "identity/records.py", "query = 'SELECT * FROM iam_user'"),
    "every column of a table": ("sql", "identity/records.py", "query = 'SELECT u.* FROM iam_user u'"),
    "a variable in SQL": ("sql", "identity/records.py", "query = f'SELECT id FROM {table}'"),
    "a call in SQL": ("sql", "store/x.py", "query = f'UPDATE t SET a = {value()}'"),
    "SQL by percent": ("sql", "identity/records.py", "query = 'SELECT id FROM %s' % table"),
    "SQL by addition": ("sql", "identity/records.py", "query = 'SELECT id FROM ' + table"),
    "SQL by format": ("sql", "identity/records.py", "query = 'SELECT id FROM {}'.format(table)"),
    "reveal without a reason": ("reveal", "app/x.py", "plain = secret.reveal()"),
    "a reason too far away": ("reveal", "app/x.py", "# Revealed to be sent.\n\n\n\nplain = secret.reveal()"),
    "a secret in a log": ("tells-a-secret", "app/x.py", "log.info('key %s', secret)"),
    "a secret in an exception": ("tells-a-secret", "app/x.py", "raise Bad(f'no such {session_token}')"),
    "a secret by percent": ("tells-a-secret", "app/x.py", "raise Bad('no such %s' % self._password)"),
    "a secret in print": ("tells-a-secret", "cli/x.py", "print(key['secret'])"),
    "a secret echoed": ("tells-a-secret", "cli/x.py", "click.echo(f'{caller.authorization}')"),
    "a secret's text": ("tells-a-secret", "cli/x.py", "_LOG.error(str(key.secret))"),
    "a long file": ("size", "app/x.py", "\n" * 601),
    "a long function": ("size", "app/x.py", "def long():\n" + "    pass\n" * 60),
    "an undocumented function": ("docstring", "kernel/x.py", "def public() -> None:\n    pass"),
    "an undocumented method": ("docstring", "access/x.py", "class A:\n    def public(self):\n        pass"),
    "a cast": ("cast", "app/x.py", "x = cast(int, y)"),
    "a cast in a loop's head": (
        "cast",
        "app/x.py",
        "# One.\n\nfor x in cast(list, y):\n    # Two.\n    pass",
    ),
    "a bare to-do": ("todo", "app/x.py", "# TO" + "DO: later"),
}

GOOD = {
    "the kernel's clock": ("kernel/clock.py", "import time\nepoch = time.time"),
    "the loop's time": ("app/x.py", "deadline = loop.time() + 3\ntime.sleep(1)"),
    "SQL at home": ("identity/records.py", "query = f'SELECT {_USER} FROM iam_user WHERE id = ?'"),
    "a count": ("identity/records.py", "query = 'SELECT count(*) FROM iam_user'"),
    "prose that begins like SQL": ("app/x.py", "'Select one.'\nx = 'Update the user'\ny = 'Create a table'"),
    "reveal with its reason": ("app/x.py", "# Revealed to be sent, once.\nplain = secret.reveal()"),
    "a secret's length": ("app/x.py", "log.info('%d bytes', len(secret))"),
    "a name with a secret's word in it": ("app/x.py", "raise Bad(token_id, secret_count, TOKEN)"),
    "a secret printed on purpose": ("cli/x.py", "# Revealed: the flag asks for it.\nprint(secret)"),
    "a long file with a reason": ("app/x.py", "# Long because the table is one.\n" + "\n" * 700),
    "a long function with a reason": ("app/x.py", "# Long because flat.\ndef f():\n" + "    pass\n" * 70),
    "a property": ("access/x.py", "class A:\n    @property\n    def name(self):\n        return 1"),
    "a private function": ("access/x.py", "def _private():\n    pass"),
    "a cast with its reason": ("app/x.py", "# botocore's stubs say less.\nx = f(\n    cast(int, y),\n)"),
    "a to-do with its issue": ("app/x.py", "# TO" + "DO(#12): later"),
}


def rules_broken(file: str, text: str) -> set[str]:
    found = breaches([Source(f"src/keystead/{file}", text + "\n")])
    return {finding.rule for finding in found if not finding.warning}


@pytest.mark.parametrize("breach", BREACHES)
def test_a_breach_is_found(breach: str) -> None:
    rule, file, text = BREACHES[breach]

    assert rules_broken(file, text) == {rule}


@pytest.mark.parametrize("form", GOOD)
def test_the_good_form_passes(form: str) -> None:
    assert rules_broken(*GOOD[form]) == set()


def test_a_file_that_grows_long_is_warned_of() -> None:
    found = list(breaches([Source("tests/x.py", "\n" * 550)]))

    assert [(finding.rule, finding.warning) for finding in found] == [("size", True)]


def test_every_column_is_found_in_a_migration() -> None:
    found = list(check_file("0002.sql", "INSERT INTO a (id)\nSELECT * FROM b;"))

    assert [(finding.line, finding.rule) for finding in found] == [(2, "sql")]


def test_who_reveals_secrets_is_listed() -> None:
    text = "class A:\n    def send(self):\n        # Revealed.\n        return self.secret.reveal()\n"

    assert list(revealers([Source("src/keystead/app/x.py", text)])) == ["src/keystead/app/x.py:4 send"]
