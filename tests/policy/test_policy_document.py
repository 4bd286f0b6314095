"""Documents are read strictly, and know where their statements stand."""

import json

import pytest
from policy_documents import allow, document

from keystead.access.policy import PolicySyntaxError, parse_document
from keystead.access.policy.document import MAX_CHARACTERS, NotJSON, Position


def text_of(statement: object, **more: object) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": statement, **more})


def test_a_statement_may_stand_alone_and_a_string_for_a_list() -> None:
    (statement,) = parse_document(text_of(allow("s3:GetObject", "*", Sid="One"))).statements

    assert statement.sid == "One"
    assert statement.actions == ("s3:GetObject",)
    assert statement.resources == ("*",)
    assert statement.not_actions is None


def test_numbers_and_booleans_in_conditions_keep_their_text() -> None:
    condition = {"NumericEquals": {"k": [10, 1.50, 12345678901234567890]}, "Bool": {"b": True}}

    (statement,) = parse_document(text_of(allow(Condition=condition))).statements

    assert [one.values for one in statement.conditions] == [("10", "1.5", "12345678901234567890"), ("true",)]


def test_a_number_of_any_length_is_kept_without_being_computed() -> None:
    digits = "9" * 100_000

    (statement,) = parse_document(
        document(allow(Condition={"NumericEquals": {"k": 777}})).replace("777", digits)
    ).statements

    assert statement.conditions[0].values == (digits,)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "not json",
        "null",
        "[]",
        '"Allow"',
        '{"Version":"2012-10-17"}',
        text_of([]),
        text_of("Allow"),
        text_of([allow(), "Allow"]),
        text_of(allow(), Extra=1),
        text_of(allow(), Id=5),
        text_of({**allow(), "Sid": 1}),
        text_of({**allow(), "Effect": "Maybe"}),
        text_of({**allow(), "Effect": None}),
        text_of({"Action": "*", "Resource": "*"}),
        text_of({**allow(), "NotAction": "*"}),
        text_of({**allow(), "NotResource": "*"}),
        text_of({**allow(), "Principal": "*", "NotPrincipal": "*"}),
        text_of({**allow(), "action": "*"}),
        text_of({**allow(), "Action": 5}),
        text_of({**allow(), "Action": ["s3:GetObject", None]}),
        text_of({**allow(), "Resource": {"arn": "*"}}),
        text_of({**allow(), "Condition": []}),
        text_of({**allow(), "Condition": {"StringEquals": []}}),
        text_of({**allow(), "Condition": {"StringEquals": {"k": {}}}}),
        text_of({**allow(), "Condition": {"StringEquals": {"k": None}}}),
        text_of({**allow(), "Condition": {"StringEquals": {"k": [["v"]]}}}),
        text_of({**allow(), "Principal": "bob"}),
        text_of({**allow(), "Principal": {"Anybody": "*"}}),
        text_of({**allow(), "Principal": {"AWS": 123456789012}}),
        document(allow(), version="2013-10-17"),
        document(allow()).replace('"Allow"', '"Allow", "Effect": "Allow"'),
        '{"Version":"2012-10-17","Version":"2012-10-17","Statement":[]}',
        '{"Statement":{"Effect":"Allow","Action":"*","Resource":"*","Condition":{"Bool":{"a":"1","a":"2"}}}}',
        document(allow()) + "{}",
        document(allow())[:-1],
        document(allow()).replace('"*"', "NaN"),
        document(allow()).replace('"*"', "Infinity"),
        document(allow(Sid="\ud800")),
        "\ufeff" + document(allow()),
        document(allow()).replace("Allow", "Al\u0000low"),
        "[" * 100_000,
        '{"Statement":' * 50_000,
        document(allow()) + " " * MAX_CHARACTERS,
    ],
)
def test_what_the_grammar_forbids_is_refused(text: str) -> None:
    with pytest.raises(PolicySyntaxError):
        parse_document(text)


@pytest.mark.parametrize("text", ["", "not json", document(allow())[:-1], "[" * 1000])
def test_what_is_not_even_json_says_so(text: str) -> None:
    with pytest.raises(NotJSON):
        parse_document(text)


def test_positions_are_those_of_the_awscli_example() -> None:
    # awscli, examples/iam/simulate-custom-policy: columns 38 and 167 for this text.
    text = (
        '{"Version":"2012-10-17","Statement":{"Effect":"Allow","Action":"dynamodb:*","Resource":"*",'
        '"Condition":{"DateGreaterThan":{"aws:CurrentTime":"2018-08-16T12:00:00Z"}}}}'
    )

    (statement,) = parse_document(text).statements

    assert (statement.start, statement.end) == (Position(1, 38), Position(1, 167))


def test_positions_count_lines_and_skip_what_looks_like_a_statement() -> None:
    text = """{
  "Id": "\\"Statement\\": [{",
  "Version": "2012-10-17",
  "Statement": [
    {"Effect": "Allow", "Action": "*", "Resource": "*"}  ,
    {
      "Effect": "Deny", "Action": "*", "Resource": "*",
      "Condition": {"StringEquals": {"aws:username": ["{", "}", 10, 1.5]}}
    }
  ]
}"""

    first, second = parse_document(text).statements

    assert (first.start, first.end) == (Position(5, 6), Position(5, 56))
    assert (second.start, second.end) == (Position(6, 6), Position(9, 6))
