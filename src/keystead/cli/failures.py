"""Which exceptions are foreseen: told in one line that says what to do next, without a traceback.

They are looked up among the modules that were imported, so that naming them costs a fast verb nothing.
"""

import sys

_FORESEEN = {
    "keystead.config.settings": {"BadSetting": ""},
    "keystead.cli.tour": {"CannotTour": ""},
    "keystead.app.commanding": {"CommandFailed": ""},
    "keystead.app.initialise": {"CannotInitialise": ""},
    "keystead.app.certificates": {"BadCertificates": ""},
    "keystead.credentials.rootkey": {"RootKeyUnusable": ""},
    "keystead.gateway.http.listeners": {
        "AddressInUse": "; give another with --http, --https, --doh or --dot, port 0 for a free one",
        "CannotListen": "",
    },
    "keystead.remote.node.calls": {"Refused": ""},
    "keystead.remote.node.place": {"BadPlace": ""},
    "keystead.remote.people.caller": {"AccessFailed": ""},
    "keystead.store.interface": {"DatabaseUnusable": ""},
    "keystead.store.lock": {"DirectoryInUse": "; `keystead health` asks whether that one answers"},
    "keystead.store.migrations": {"SchemaMismatch": ""},
}
"""By module and class: what to add to the exception's own words."""


def foreseen() -> tuple[type[BaseException], ...]:
    """Return the foreseen exception classes of the modules that are imported by now.

    What the operating system refuses is always among them: its words name the file and the reason.
    """
    return (OSError, *(found for found, _ in _imported()))


def told(error: BaseException) -> str:
    """Return the line that says what happened, and what to do about it."""
    advice = next((advice for found, advice in _imported() if isinstance(error, found)), "")
    return f"{error}{advice}"


def _imported() -> list[tuple[type[BaseException], str]]:
    return [
        (getattr(sys.modules[module], name), advice)
        for module, classes in _FORESEEN.items()
        if module in sys.modules
        for name, advice in classes.items()
    ]
