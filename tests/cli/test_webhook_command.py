"""`webhook`: what is not posted yet, from the shell; and a start that says which setting is wrong."""

from pathlib import Path

from cli_support import Served, keystead


def test_nothing_is_listed_or_resent_where_no_webhook_is_set(served: Served) -> None:
    listed = served.keystead("webhook", "ls")
    resent = served.keystead("webhook", "resend", "--dead")

    assert (listed.returncode, listed.stdout.split()[:3]) == (0, ["id", "request", "type"])
    assert served.json("webhook", "ls", "--dead") == []
    assert (resent.returncode, resent.stdout) == (1, "")
    assert resent.stderr.startswith("keystead: webhook_url is not set")


def test_resend_needs_to_know_what(served: Served) -> None:
    assert served.keystead("webhook", "resend").returncode == 2


def test_event_that_is_not_there_cannot_be_resent(made: Path, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text(f"whsec_{'YWJj' * 8}")
    url = {"KEYSTEAD_WEBHOOK_URL": "https://hooks.example.com/", "KEYSTEAD_WEBHOOK_SECRET_FILE": str(secret)}

    done = keystead("webhook", "resend", "none", "--data", made, **url)

    assert done.returncode == 1
    assert "no event has the id none; `keystead webhook ls` lists them" in done.stderr


def test_server_does_not_start_on_a_webhook_that_could_not_work(made: Path) -> None:
    url = {"KEYSTEAD_WEBHOOK_URL": "https://hooks.example.com/"}

    unsigned = keystead("serve", "--data", made, **url)
    plain = keystead("serve", "--data", made, KEYSTEAD_WEBHOOK_URL="http://hooks.example.com/")

    assert (unsigned.returncode, plain.returncode) == (1, 1)
    assert "webhook_secret_file must name the key" in unsigned.stderr
    assert "plain HTTP only to a host that webhook_hosts names" in plain.stderr
