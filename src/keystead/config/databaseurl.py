"""What a database URL may be: one of PostgreSQL's, without a secret in it.

Follows the PostgreSQL documentation, "Connection URIs". Secrets come by file only: an argument is seen by every
process of the machine, and settings are printed. Nothing here repeats the URL.
"""

from urllib.parse import parse_qsl, urlsplit

_BEGINNINGS = ("postgresql://", "postgres://")
_SECRETS = frozenset({"password", "sslpassword", "oauth_client_secret"})
_REMEDY = "put the password into a file and name that by database_password_file, or use passfile or service"


def objection_to(url: str) -> str | None:
    """Return why a URL is refused, or None for a good one. The empty one is the embedded engine's."""
    if not url:
        return None
    try:
        parts = urlsplit(url)
        has_password = parts.password is not None
        options = {name.lower() for name, _ in parse_qsl(parts.query, keep_blank_values=True)}
    except ValueError:
        return "not a URL"
    if not url.startswith(_BEGINNINGS):
        return "not a URL that begins with postgresql://"
    if has_password or options & _SECRETS:
        return f"the URL holds a password, which others can see there: {_REMEDY}"
    return None
