"""Migrations: numbered, forward only, whole or not at all."""

import pytest
from engines import opened

from keystead.store.migrations import Migrations, SchemaMismatch, migrate, statements

ONE = (
    "-- The first table.\nCREATE TABLE one (\n    x TEXT -- a column; with a comment\n);\n"
    "INSERT INTO one (x) VALUES ('a;b');\n"
)
TWO = "CREATE TABLE two (y TEXT);\n"


@pytest.fixture
def store(engine, tmp_path):
    (tmp_path / "data").mkdir()
    with opened(engine, tmp_path / "data") as store:
        yield store


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "migrations"
    folder.mkdir()
    return folder


@pytest.fixture
def run(store, folder):
    return lambda *owners: store.write_now(
        lambda tx: migrate(tx, owners or [Migrations("toy", folder)], now_ms=7)
    )


@pytest.fixture
def tables(engine, store):
    return lambda: engine.tables(store.reader)


def test_files_are_applied_once_in_order(store, folder, run, tables):
    (folder / "0002_two.sql").write_text(TWO)
    (folder / "0001_one.sql").write_text(ONE)

    run()
    run()

    assert tables() == ["one", "schema_migration", "two"]
    assert store.reader.all("SELECT x FROM one") == [("a;b",)]
    applied = store.reader.all("SELECT owner, number, applied_at FROM schema_migration ORDER BY number")
    assert applied == [("toy", 1, 7), ("toy", 2, 7)]


def test_a_later_file_is_added_to_an_older_database(folder, run, tables):
    (folder / "0001_one.sql").write_text(ONE)
    run()
    (folder / "0002_two.sql").write_text(TWO)

    run()

    assert "two" in tables()


@pytest.mark.parametrize(
    "name", ["0002_two.sql", "0003_two.sql", "1_two.sql", "0001-two.sql", "0001_Two.sql"]
)
def test_a_gap_or_an_odd_name_is_refused(folder, run, name, tables):
    if name != "0002_two.sql":
        (folder / "0001_aaa.sql").write_text(ONE)
    (folder / name).write_text(TWO)

    with pytest.raises(SchemaMismatch, match=name):
        run()

    assert tables() == []


def test_two_files_of_one_number_are_refused(folder, run):
    (folder / "0001_a.sql").write_text(ONE)
    (folder / "0001_b.sql").write_text(TWO)

    with pytest.raises(SchemaMismatch):
        run()


def test_a_file_edited_after_it_was_applied_is_refused(folder, run):
    (folder / "0001_one.sql").write_text(ONE)
    run()
    (folder / "0001_one.sql").write_text(ONE + "-- harmless?\n")

    with pytest.raises(SchemaMismatch, match="another content"):
        run()


def test_a_newer_database_is_refused(folder, run):
    (folder / "0001_one.sql").write_text(ONE)
    (folder / "0002_two.sql").write_text(TWO)
    run()
    (folder / "0002_two.sql").unlink()

    with pytest.raises(SchemaMismatch, match="newer"):
        run()


def test_a_database_of_an_unknown_owner_is_refused(folder, run):
    (folder / "0001_one.sql").write_text(ONE)
    run(Migrations("gone", folder))

    with pytest.raises(SchemaMismatch):
        run(Migrations("other", folder / "none"))


def test_one_statement_that_fails_undoes_every_owner(folder, run, tmp_path, tables):
    second = tmp_path / "second"
    second.mkdir()
    (folder / "0001_one.sql").write_text(ONE)
    (second / "0001_two.sql").write_text(TWO + "CREATE TABLE two (again TEXT);\n")

    with pytest.raises(Exception, match=r"database cannot answer|already exists"):
        run(Migrations("toy", folder), Migrations("second", second))

    assert tables() == []


def test_a_semicolon_inside_a_line_ends_no_statement():
    text = "-- c;\nCREATE TABLE a (x TEXT DEFAULT ';b');\n\nINSERT INTO a VALUES (';');\n"

    assert statements(text) == ["CREATE TABLE a (x TEXT DEFAULT ';b')", "INSERT INTO a VALUES (';')"]
