"""How settings are written: text in, typed value out. Every parser raises ValueError for what it cannot read."""

import ipaddress
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Address:
    """Where a listener listens; port 0 picks a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def is_loopback(self) -> bool:
        """Whether only this machine can reach it."""
        if self.host == "localhost":
            return True
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return False


@dataclass(frozen=True, slots=True)
class RateLimit:
    """Requests per second, and how many may come at once after a pause."""

    per_second: float
    burst: int

    def __str__(self) -> str:
        return f"{self.per_second:g}/{self.burst}"


def text(value: object) -> str:
    """Return a string as it is."""
    if not isinstance(value, str):
        raise ValueError("not a string")
    return value


def address(value: object) -> Address:
    """Return the address that `HOST:PORT` spells; an IPv6 host stands in brackets."""
    host, colon, port = text(value).rpartition(":")
    if not colon or not host or not port.isascii() or not port.isdigit() or int(port) > 65535:
        raise ValueError("not HOST:PORT")
    bare = host.removeprefix("[").removesuffix("]")
    if (":" in bare) != (host == f"[{bare}]"):
        raise ValueError("not HOST:PORT; an IPv6 host stands in brackets")
    return Address(bare, int(port))


def path(value: object) -> Path:
    """Return an absolute path; `~` is the home folder."""
    return Path(str(value) if isinstance(value, Path) else text(value)).expanduser().absolute()


def switch(value: object) -> bool:
    """Return what `true`, `yes`, `1`, `false`, `no` or `0` says."""
    if isinstance(value, bool):
        return value
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    if text(value).lower() not in words:
        raise ValueError("not true or false")
    return words[text(value).lower()]


def count(value: object) -> int:
    """Return a number of at least 1."""
    number = value if isinstance(value, int) and not isinstance(value, bool) else int(text(value))
    if number < 1:
        raise ValueError("not a positive number")
    return number


def seconds(value: object) -> float:
    """Return a time that is longer than none and at most a day, in seconds."""
    number = (
        float(value) if isinstance(value, int | float) and not isinstance(value, bool) else float(text(value))
    )
    if not 0 < number <= 86_400:
        raise ValueError("not a number of seconds, at most a day")
    return number


def networks(value: object) -> tuple[Network, ...]:
    """Return networks in CIDR form: a list, or one text with commas."""
    if isinstance(value, str):
        parts: Iterable[object] = value.split(",")
    elif isinstance(value, list | tuple):
        # Whatever the elements are, `text` refuses those that are not strings.
        parts = cast(Iterable[object], value)
    else:
        raise ValueError("not a list of networks")
    return tuple(ipaddress.ip_network(text(part).strip()) for part in parts if text(part).strip())


def address_or_off(value: object) -> Address | None:
    """Return the address that `HOST:PORT` spells, None for `off`."""
    return None if value is None or text(value) == "off" else address(value)


def texts(value: object) -> tuple[str, ...]:
    """Return texts: a list, or one text with commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")
    # Whatever the elements are, `text` refuses those that are not strings.
    return tuple(text(part) for part in cast(Iterable[object], value))


def limits(value: object) -> tuple[tuple[str, RateLimit], ...]:
    """Return limits by service: a table, or one text such as `iam=20,sts=100/200`.

    Each is RATE or RATE/BURST, in requests per second and requests; the burst is otherwise the rate, rounded up.
    """
    if isinstance(value, Mapping):
        # Whatever the values are, `_limit` refuses what is no limit.
        given = {text(name): each for name, each in cast(Mapping[object, object], value).items()}
    else:
        parts = [part.strip().partition("=") for part in text(value).split(",") if part.strip()]
        given = {name.strip(): limit for name, _, limit in parts}
    return tuple((name, _limit(each)) for name, each in given.items())


def _limit(value: object) -> RateLimit:
    if isinstance(value, RateLimit):
        return value
    rate, _, burst = str(value).partition("/")
    per_second = float(rate)
    if isinstance(value, bool) or not 0 < per_second < 1e9:
        raise ValueError("a limit is a positive number of requests per second, or RATE/BURST")
    return RateLimit(per_second, count(burst) if burst else math.ceil(per_second))
