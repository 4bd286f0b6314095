"""Browser forms: as boto3 makes them, and as a browser sends them."""

import http.client
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from s3.conftest import Room

BOUNDARY = "----browser"


@dataclass(frozen=True)
class Posted:
    """What a form was answered."""

    status: int
    headers: Mapping[str, str]
    body: str


def made(room: Room, key: str = "k", *, client: Any = None, version: str = "s3v4", **more: Any) -> Any:
    """Return what boto3 makes of a form: its url and its fields."""
    client = client or room.client(signature_version=version)
    return client.generate_presigned_post(room.name, key, **more)


def encoded(fields: Sequence[tuple[str, str]], file: bytes | None, file_name: str = "photo.jpg") -> bytes:
    """Return a form as a browser writes it."""
    parts = [
        f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields
    ]
    if file is not None:
        about = (
            f'Content-Disposition: form-data; name="file"; filename="{file_name}"\r\nContent-Type: image/jpeg'
        )
        parts.append(f"--{BOUNDARY}\r\n{about}\r\n\r\n".encode() + file + b"\r\n")
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def post(url: str, body: bytes, **headers: str) -> Posted:
    """Send a form that is encoded already."""
    address = urlsplit(url)
    connection = http.client.HTTPConnection(str(address.hostname), address.port, timeout=20)
    about = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}", **headers}
    try:
        connection.request("POST", address.path, body, about)
        answer = connection.getresponse()
        return Posted(
            answer.status, {k.lower(): v for k, v in answer.headers.items()}, answer.read().decode()
        )
    finally:
        connection.close()


def send(form: Any, file: bytes | None = b"hello", file_name: str = "photo.jpg", **fields: str) -> Posted:
    """Send a form of boto3's; `fields` replace its own."""
    return post(form["url"], encoded([*{**form["fields"], **fields}.items()], file, file_name))
