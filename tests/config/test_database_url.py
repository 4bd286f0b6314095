"""Which database URLs are taken, and that a refused one is never repeated."""

import pytest

from keystead.config.databaseurl import objection_to
from keystead.config.settings import BadSetting, Settings
from keystead.config.sources import load

SECRET = "canary-51ee"
GOOD = [
    "",
    "postgresql://",
    "postgres://clerk@db.example:5432/keystead?sslmode=verify-full",
    "postgresql:///keystead?host=/run/postgresql&passfile=/etc/keystead/pgpass",
    "postgresql:///?service=keystead",
    "postgresql://[::1]:5433,db2:5432/keystead?target_session_attrs=read-write",
]
WITH_SECRETS = [
    f"postgresql://clerk:{SECRET}@db/keystead",
    f"postgresql://:{SECRET}@db/keystead",
    "postgresql://clerk:@db/keystead",
    f"postgresql://clerk@db/keystead?password={SECRET}",
    f"postgresql://clerk@db/keystead?PASSWORD={SECRET}",
    f"postgresql://clerk@db/keystead?p%61ssword={SECRET}",
    f"postgresql://clerk@db/keystead?sslpassword={SECRET}",
]
OTHERS = [
    f"mysql://clerk:{SECRET}@db/x",
    f"host=db password={SECRET}",
    f"postgresql:{SECRET}",
    f"postgresql://[{SECRET}",
]


@pytest.mark.parametrize("url", GOOD)
def test_a_url_without_a_secret_is_taken(url):
    assert objection_to(url) is None
    assert load({"database": url}, {}).database == url


@pytest.mark.parametrize("url", WITH_SECRETS)
def test_a_secret_in_a_url_is_refused_with_the_remedy(url):
    assert "database_password_file" in (objection_to(url) or "")


@pytest.mark.parametrize("url", WITH_SECRETS + OTHERS)
@pytest.mark.parametrize("by", ["flag", "environment", "file"])
def test_a_refused_url_is_not_repeated(url, by, tmp_path):
    (tmp_path / "keystead.toml").write_text(f'database = "{url}"\n' if by == "file" else "")
    flags = {"data": str(tmp_path), "database": url if by == "flag" else None}
    environment = {"KEYSTEAD_DATABASE": url} if by == "environment" else {}

    with pytest.raises(BadSetting) as caught:
        load(flags, environment)

    assert SECRET not in str(caught.value)


def test_a_password_file_is_a_setting_of_its_own(tmp_path):
    settings = load(
        {"database": "postgresql://clerk@db/x", "database_password_file": str(tmp_path / "p")}, {}
    )

    assert settings.database_password_file == tmp_path / "p"
    assert Settings().database_password_file is None
