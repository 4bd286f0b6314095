"""`doctor`: what is wrong, and the command that mends it."""

import dataclasses
import os
import sys

import click

from keystead.app.examination.examine import examine
from keystead.app.examination.finding import Finding
from keystead.app.local import call
from keystead.cli.options import data_option, json_option, settings_from
from keystead.cli.output import show_json
from keystead.config.settings import Settings

_MARKS = {"ok": "ok     ", "warning": "warning", "problem": "PROBLEM"}


@click.command()
@data_option
@click.option("--workspace", metavar="ID", help="Look at the Grafana behind this workspace instead.")
@json_option
def doctor(data: str | None, workspace: str | None, as_json: bool) -> None:
    """Find out what is wrong and how to mend it. Exits with 1 if anything is a problem."""
    settings = settings_from(data=data)
    findings = examine(settings, os.environ) if workspace is None else _of_workspace(settings, workspace)
    if as_json:
        show_json([dataclasses.asdict(finding) for finding in findings])
    else:
        for finding in findings:
            click.echo(_line(finding))
        click.echo(_summary(findings))
    sys.exit(1 if any(finding.verdict == "problem" for finding in findings) else 0)


def _of_workspace(settings: Settings, workspace: str) -> list[Finding]:
    """Return what is found at the upstream of a workspace, which the server that uses it looks at."""
    return [Finding(**found) for found in call(settings, "workspace-upstream-check", {"id": workspace})]


def _line(finding: Finding) -> str:
    line = f"{_MARKS[finding.verdict]}  {finding.subject}: {finding.told}"
    return f"{line}\n         mend: {finding.remedy}" if finding.remedy else line


def _summary(findings: list[Finding]) -> str:
    counts = {mark: sum(finding.verdict == mark for finding in findings) for mark in _MARKS}
    return f"\n{counts['problem']} problems, {counts['warning']} warnings, {counts['ok']} in order"
