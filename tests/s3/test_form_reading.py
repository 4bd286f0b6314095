"""Forms read in pieces of any size: the same fields, the same file, and never more than an error of S3's."""

import asyncio
import itertools
from collections.abc import Iterator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keystead.products.lightsail.door.errors import S3Error
from keystead.products.lightsail.door.form import MAX_FIELDS_BYTES, Form, boundary_of
from s3.forms import BOUNDARY, encoded


def pieces_of(body: bytes, cuts: Sequence[int]) -> list[bytes]:
    at = [0, *sorted(cut for cut in cuts if cut < len(body)), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(at)]


def read(pieces: Sequence[bytes]) -> tuple[dict[str, str], str, bytes]:
    """Return fields, file name and file of a form that arrives in these pieces."""
    messages: Iterator[dict[str, Any]] = iter(
        [
            {"type": "http.request", "body": piece, "more_body": number < len(pieces)}
            for number, piece in enumerate(pieces, 1)
        ]
    )

    async def receive() -> dict[str, Any]:
        return next(messages, {"type": "http.disconnect"})

    async def take() -> tuple[dict[str, str], str, bytes]:
        form = Form(receive, BOUNDARY.encode())
        await form.read_fields()
        file, more = b"", True
        while more:
            message = await form.receive()
            file, more = file + message["body"], message["more_body"]
        return form.fields, form.file_name, file

    return asyncio.run(take())


NEARLY = st.lists(
    st.sampled_from([b"\r\n", b"--", b"\r\n--", BOUNDARY.encode(), b"-", b"x", b"\0"]), max_size=12
)


@settings(deadline=None)
@given(
    fields=st.dictionaries(st.sampled_from(["key", "policy", "acl"]), st.text("ab\n ü", max_size=5)),
    file=NEARLY.map(b"".join).filter(lambda body: b"\r\n--" + BOUNDARY.encode() not in b"\r\n" + body),
    cuts=st.lists(st.integers(0, 400), max_size=40),
)
def test_a_form_is_the_same_in_any_pieces(fields: dict[str, str], file: bytes, cuts: list[int]) -> None:
    body = encoded([*fields.items()], file)

    assert read(pieces_of(body, cuts)) == (fields, "photo.jpg", file)


@settings(deadline=None)
@given(body=st.binary(max_size=200) | NEARLY.map(b"".join), cuts=st.lists(st.integers(0, 200), max_size=9))
def test_what_is_no_form_is_an_error_of_s3s(body: bytes, cuts: list[int]) -> None:
    with pytest.raises(S3Error) as refused:
        read(pieces_of(body, cuts))

    assert 400 <= refused.value.status < 500


@pytest.mark.parametrize("cut", range(1, 230, 3))
def test_a_form_cut_short_is_refused(cut: int) -> None:
    body = encoded([("key", "k")], b"hello")
    assert len(body) < 260

    with pytest.raises(S3Error):
        read([body[: min(cut, len(body) - 20)]])


def test_fields_end_at_their_limit_whatever_is_promised() -> None:
    endless = [b"--" + BOUNDARY.encode() + b'\r\nContent-Disposition: form-data; name="key"\r\n\r\n']
    endless += [b"x" * 1000] * (2 * MAX_FIELDS_BYTES // 1000)

    with pytest.raises(S3Error) as refused:
        read(endless)

    assert refused.value.code == "MaxPostPreDataLengthExceeded"


@pytest.mark.parametrize(
    ("text", "boundary"),
    [
        ("multipart/form-data; boundary=abc", b"abc"),
        ('Multipart/Form-Data; charset=utf-8; boundary="a b;c"', b"a b;c"),
        ("multipart/form-data;boundary=abc; charset=utf-8", b"abc"),
    ],
)
def test_boundaries(text: str, boundary: bytes) -> None:
    assert boundary == boundary_of(text)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/mixed; boundary=a",
        "multipart/form-data; boundary=" + "a" * 71,
        'multipart/form-data; boundary="a',
    ],
)
def test_no_boundary_is_no_form(text: str | None) -> None:
    with pytest.raises(S3Error) as refused:
        boundary_of(text)

    assert refused.value.status == 412
