"""Why a document's text is refused."""


class BadContent(Exception):
    """The text is no document of its type; the message says why."""


class BadSchema(BadContent):
    """The schema version is not the one of its type."""
