"""The whole examination, in the order in which a reader wants to know."""

import shlex
from collections.abc import Callable, Iterable, Mapping

from keystead.app.examination.files import examine_database, examine_modes, examine_root_key
from keystead.app.examination.finding import Finding, Patient, problem
from keystead.app.examination.machine import (
    examine_clock,
    examine_disk,
    examine_file_limit,
    examine_models,
)
from keystead.app.examination.network import examine_ports, examine_tls
from keystead.app.examination.shell import examine_shell
from keystead.app.initialise import is_initialised
from keystead.app.running import running
from keystead.config.settings import Settings

Examination = Callable[[Patient], Iterable[Finding]]

_OF_A_DIRECTORY: list[Examination] = [
    examine_clock,
    examine_disk,
    examine_modes,
    examine_root_key,
    examine_database,
    examine_tls,
]
_OF_A_MACHINE: list[Examination] = [examine_ports, examine_shell, examine_models, examine_file_limit]


def examine(settings: Settings, environment: Mapping[str, str]) -> list[Finding]:
    """Return every finding. Changes nothing but short-lived probe files in the data directory."""
    patient = Patient(settings, environment, running(settings.data))
    examinations = _OF_A_MACHINE
    findings: list[Finding] = []
    if is_initialised(settings):
        examinations = _OF_A_DIRECTORY + _OF_A_MACHINE
    else:
        make = f"keystead init --data {shlex.quote(str(settings.data))}"
        findings.append(problem("data directory", f"{settings.data} holds no authority", make))
    for examination in examinations:
        findings += examination(patient)
    return findings
