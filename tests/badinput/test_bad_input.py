"""Bad input gets its exact answer and changes nothing (DESIGN §10.7); after it the server answers as before."""

import re

import pytest

from badinput.cases import Case
from badinput.form_cases import FORM_CASES
from badinput.rows import rows
from badinput.signature_cases import SIGNATURE_CASES, ask
from badinput.wire import check_refusal, deliver, form, signed

CASES = [*SIGNATURE_CASES, *FORM_CASES]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_bad_input_is_refused_in_its_words_and_changes_nothing(room, stage, case: Case):
    sent = case.build(stage)
    before = rows(room.authority)

    reply = deliver(sent)

    check_refusal(reply, case.status, case.code or reply.code)
    assert re.fullmatch(case.message, reply.message), reply.message
    assert "x-amzn-errortype" not in reply.headers
    assert before == rows(room.authority)
    assert deliver(ask(stage)).status == 200


@pytest.mark.parametrize("case", CASES, ids=str)
def test_refusal_tells_no_secret_and_repeats_no_signature(stage, case: Case):
    sent = case.build(stage)

    reply = deliver(sent)

    signatures = re.findall(r"Signature=([0-9a-fA-F]{60,64})", str(sent.headers) + sent.target)
    for secret in (stage.root.secret, stage.user.secret, stage.other.secret, *signatures):
        assert secret.encode() not in reply.body


def test_names_of_the_cases_are_unique():
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("key", ["user", "root"])
def test_form_of_two_megabytes_is_refused_unread(room, stage, key):
    sent = signed(stage.url, getattr(stage, key), {**form("GetCallerIdentity"), "x": "y" * 2 * 1024 * 1024})
    before = rows(room.authority)

    reply = deliver(sent)

    assert reply.status == 413
    assert before == rows(room.authority)


def test_unknown_key_and_switched_off_key_get_the_same_answer(room, stage):
    name = room.user()
    key = room.key(name)
    room.iam.update_access_key(UserName=name, AccessKeyId=key.id, Status="Inactive")
    unknown = type(key)("AKIARZPUZDIKAAAAAAAA", key.secret)

    answers = [deliver(signed(stage.url, each, form("GetCallerIdentity"))) for each in (key, unknown)]

    bodies = {re.sub(rb"<RequestId>.+</RequestId>", b"", answer.body) for answer in answers}
    assert len(bodies) == 1
    assert {frozenset(answer.headers) for answer in answers} == {frozenset(answers[0].headers)}
