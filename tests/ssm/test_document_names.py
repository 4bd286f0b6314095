"""What policies decide on and what is looked up are one document, however it is written."""

import json
import time

import pytest

from keystead.products.ssm.content import read
from keystead.products.ssm.content_errors import BadContent
from keystead.products.ssm.resources import document_arn, plain_document_name
from keystead.products.ssm.session_documents import BadDocument, SessionDocuments

ACCOUNT, REGION = "123456789012", "us-east-1"
OWN = f"arn:aws:ssm:{REGION}:{ACCOUNT}:document/"
DOCUMENT = (
    '{"schemaVersion": "1.0", "sessionType": "InteractiveCommands", "properties": {}, "parameters": %s}'
)


@pytest.mark.parametrize("name", ["mine", f"{OWN}mine", f"arn:aws:ssm:{REGION}::document/mine"])
def test_name_and_arn_of_ones_own_are_one_document(name):
    assert plain_document_name(ACCOUNT, REGION, name) == "mine"
    assert document_arn(ACCOUNT, REGION, name) == f"{OWN}mine"


@pytest.mark.parametrize(
    "name",
    [
        "arn:aws:ssm:eu-west-1:999900001111:document/mine",
        f"arn:aws:ssm:eu-west-1:{ACCOUNT}:document/mine",
        f"{OWN}team/document/mine",
        "team/document/mine",
        f"{OWN}",
        "other:mine",
    ],
)
def test_what_is_neither_is_no_document_and_no_policy_allows_it_by_another_name(name):
    assert plain_document_name(ACCOUNT, REGION, name) is None
    assert document_arn(ACCOUNT, REGION, name) == OWN
    with pytest.raises(BadDocument):
        SessionDocuments(lambda *_: DOCUMENT % "{}").fill(None, ACCOUNT, REGION, name, {})


@pytest.mark.parametrize(
    ("rules", "fits", "does_not"),
    [
        ({"allowedValues": ["uptime", "df -h"]}, ["df -h"], ["rm -rf /"]),
        ({"allowedValues": ["a", "b"]}, ["a", "b"], ["a", "b; id"]),
        ({"allowedValues": [22, 80]}, ["80"], ["8080"]),
        ({"minChars": 2, "maxChars": "3"}, ["abc"], ["abcd"]),
        ({"minChars": 2}, ["ab"], ["a"]),
        ({"maxItems": 1}, ["a"], ["a", "b"]),
        ({"minItems": 2}, ["a", "b"], ["a"]),
    ],
)
def test_each_rule_of_a_parameter_binds_whoever_fills_it_in(rules, fits, does_not):
    documents = SessionDocuments(lambda *_: DOCUMENT % json.dumps({"p": {"type": "StringList", **rules}}))

    documents.fill(None, ACCOUNT, REGION, "mine", {"p": fits})
    with pytest.raises(BadDocument, match="does not keep to the document's rules"):
        documents.fill(None, ACCOUNT, REGION, "mine", {"p": does_not})


@pytest.mark.parametrize("rules", [{"allowedValues": "uptime"}, {"maxChars": "many"}, {"maxItems": []}])
def test_rule_that_cannot_be_read_lets_nothing_pass(rules):
    documents = SessionDocuments(lambda *_: DOCUMENT % json.dumps({"p": {"type": "String", **rules}}))

    with pytest.raises(BadDocument):
        documents.fill(None, ACCOUNT, REGION, "mine", {"p": ["uptime"]})


@pytest.mark.parametrize("pattern", ["(a+)+$", "(", "a" * 2000])
def test_pattern_that_is_broken_or_takes_for_ever_matches_nothing_soon(pattern):
    parameters = json.dumps({"p": {"type": "String", "allowedPattern": pattern}})
    documents = SessionDocuments(lambda *_: DOCUMENT % parameters)
    began = time.monotonic()

    with pytest.raises(BadDocument, match="does not match its allowedPattern"):
        documents.fill(None, ACCOUNT, REGION, "mine", {"p": ["a" * 60 + "!"]})

    assert time.monotonic() - began < 5


@pytest.mark.parametrize("depth", [50, 400, 900])
def test_document_that_nests_too_deeply_to_be_filled_in_is_none(depth):
    nested = '{"a":' * depth + "1" + "}" * depth

    with pytest.raises(BadContent, match="nests too deeply"):
        read('{"properties": ' + nested + "}", "JSON")
    assert read('{"properties": {"a": [1, {}]}}', "JSON") == {"properties": {"a": [1, {}]}}
