"""Who somebody is to an approval: whoever is at the start of the chain, whatever a session is called."""

from datetime import timedelta

import pytest

from keystead.identity.role_records import Role
from keystead.identity.session_records import Scope
from keystead.identity.sessions import role_session, session_kind
from keystead.products.ssm.people import person_of

KIND = "sts.session"
TRUST = (
    '{"Version": "2012-10-17", "Statement":'
    ' {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "sts:AssumeRole"}}'
)
LIFE = timedelta(hours=1)


@pytest.fixture
def minting(authority):
    """Make sessions of one role: by whom, under which name, for which subject of a provider."""
    inner = authority.authority
    authority.client("iam").create_role(RoleName="door", AssumeRolePolicyDocument=TRUST)
    kind = session_kind(KIND, longest=timedelta(hours=12))

    def mint(name, by=None, subject=""):
        scope = Scope(provider="idp.example.com" if subject else "", subject=subject)

        def job(tx):
            role: Role = inner.base.roles.get(tx, inner.settings.account, "door")
            return inner.base.sessions.mint(tx, kind, role_session(role, name), scope, by=by, life=LIFE)

        return authority.run(inner.store.write(job)).credential

    return mint


def _person(authority, credential):
    inner = authority.authority
    return authority.look(lambda reader: person_of(reader, inner.principals.of(credential)).id)


def test_two_subjects_under_one_session_name_are_two_people(authority, minting):
    alice, mallory = minting("alice", subject="alice@idp"), minting("alice", subject="mallory@idp")

    assert _person(authority, alice) != _person(authority, mallory)


def test_one_subject_under_two_session_names_is_one_person(authority, minting):
    alice, bob = minting("alice", subject="alice@idp"), minting("bob", subject="alice@idp")

    assert _person(authority, alice) == _person(authority, bob)


def test_chaining_does_not_change_the_person(authority, minting):
    first = minting("alice", subject="alice@idp")

    second = minting("somebody-else", by=first)

    assert _person(authority, first) == _person(authority, second)


def test_person_behind_the_sessions_of_a_user_is_the_user(authority, minting):
    iam = authority.client("iam")
    user_id = iam.create_user(UserName="ana")["User"]["UserId"]
    made = iam.create_access_key(UserName="ana")["AccessKey"]
    key = authority.look(lambda _: authority.authority.verifier.claimed(made["AccessKeyId"]))

    assert user_id == _person(authority, key) == _person(authority, minting("bob", by=minting("x", by=key)))
