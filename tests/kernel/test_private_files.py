"""Files that hold secrets: whole or not at all, readable by their owner alone."""

import os
import stat

from keystead.kernel.files import write_private


def test_a_private_file_is_its_owners_alone_whatever_the_umask(tmp_path):
    before = os.umask(0)
    try:
        write_private(tmp_path / "secret", b"content")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "secret").stat().st_mode) == 0o600


def test_writing_again_replaces_the_whole_and_tightens_the_mode(tmp_path):
    path = tmp_path / "secret"
    path.write_bytes(b"something longer, open to all")
    path.chmod(0o644)

    write_private(path, b"new")

    assert path.read_bytes() == b"new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in tmp_path.iterdir()] == ["secret"]


def test_what_a_killed_write_left_aside_is_in_nobodys_way(tmp_path):
    (tmp_path / "secret.new").write_bytes(b"half")

    write_private(tmp_path / "secret", b"whole")

    assert (tmp_path / "secret").read_bytes() == b"whole"


def test_a_link_planted_aside_is_not_followed(tmp_path):
    (tmp_path / "target").write_bytes(b"untouched")
    (tmp_path / "secret.new").symlink_to(tmp_path / "target")

    write_private(tmp_path / "secret", b"whole")

    assert (tmp_path / "target").read_bytes() == b"untouched"
