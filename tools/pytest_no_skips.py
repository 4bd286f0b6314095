"""A pytest plugin for CI: a test that would be skipped fails, because nobody reads of skips there.

`.ci/run` loads it. What a test needs, `make setup`, `make clients` or `.ci/run` itself installs. Terraform alone is
in no package registry that we use, so a skip whose reason begins with its name stands.
"""

from collections.abc import Generator
from typing import TypeVar

import pytest

EXCUSED = "Skipped: Terraform"
Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return without_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return without_skip((yield))


def without_skip(report: Report) -> Report:
    """Return the report, failed if it tells of a skip. An expected failure is not a skip."""
    if report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        if not reason.startswith(EXCUSED):
            report.outcome = "failed"
            report.longrepr = f"skipped, which CI does not accept: {reason}"
    return report
