"""The path of a request, read once: raw segments, so that no encoding can mean another route.

Segments are split before they are decoded, so `%2F` stays inside one; an empty one, `.` and `..`, however they are
written, are no path at all. One slash at the end is as good as none. Only parameters are decoded, never the words
of a route.
"""

import re
from functools import lru_cache
from urllib.parse import unquote

_BY_PATH = re.compile(rb"/_ws/(g-[0-9a-f]{10})(/.*)?", re.DOTALL)
_BY_HOST = re.compile(r"(g-[0-9a-f]{10})\.grafana-workspace\.[a-z0-9-]+\.(.+)")
_ESCAPE = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_UNSAFE = re.compile(rb"[\x00-\x20\x7f-\xff\\]")


def workspace_of(raw_path: bytes, host: str, domain: str) -> tuple[str, bytes, str] | None:
    """Return workspace id, remaining path, and the prefix that was taken off; None when none is named."""
    by_path = _BY_PATH.fullmatch(raw_path)
    if by_path is not None:
        workspace = by_path[1].decode()
        return workspace, by_path[2] or b"/", f"/_ws/{workspace}"
    if raw_path.startswith(b"/_ws/"):
        return None
    workspace = workspace_at(host, domain)
    return None if workspace is None else (workspace, raw_path, "")


def workspace_at(host: str, domain: str) -> str | None:
    """Return the workspace that a host name, in lower case and without port, belongs to."""
    by_host = _BY_HOST.fullmatch(host)
    return by_host[1] if by_host is not None and by_host[2] == domain else None


@lru_cache(maxsize=256)
def segments_of(raw_path: bytes) -> tuple[bytes, ...] | None:
    """Return the raw segments of a path, or None for one that tries to mean something else."""
    if not raw_path.startswith(b"/") or _ESCAPE.search(raw_path) or _UNSAFE.search(raw_path):
        return None
    segments = tuple(raw_path.removesuffix(b"/").split(b"/"))[1:]
    return None if any(decoded(segment) in ("", ".", "..", None) for segment in segments) else segments


def decoded(segment: bytes) -> str | None:
    """Return the text of a segment, or None when it is not UTF-8 or holds a control character."""
    try:
        text = unquote(segment.decode("ascii"), errors="strict")
    except UnicodeDecodeError:
        return None
    return text if text.isprintable() else None
