"""A finding: what was looked at, whether it is well, and what mends it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from keystead.config.settings import Settings

Verdict = Literal["ok", "warning", "problem"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the doctor's: `remedy` is the command or the change that mends it, empty when all is well."""

    subject: str
    verdict: Verdict
    told: str
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Patient:
    """What is examined: settings, the shell's environment, and the ready file of the server if one runs."""

    settings: Settings
    environment: Mapping[str, str]
    # As `app.running` returns it.
    ready: Mapping[str, Any] | None


def ok(subject: str, told: str) -> Finding:
    """Return that this is well."""
    return Finding(subject, "ok", told)


def warning(subject: str, told: str, remedy: str) -> Finding:
    """Return that this works and may surprise."""
    return Finding(subject, "warning", told, remedy)


def problem(subject: str, told: str, remedy: str) -> Finding:
    """Return that this keeps keystead, or its clients, from working as promised."""
    return Finding(subject, "problem", told, remedy)
