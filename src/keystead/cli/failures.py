"""Which exceptions are foreseen: told in one line, without a traceback.

They are looked up among the modules that were imported, so that naming them costs a fast verb nothing.
"""

import sys

_FORESEEN = {
    "keystead.config.settings": ["BadSetting"],
    "keystead.app.commands": ["CommandFailed"],
    "keystead.app.initialise": ["CannotInitialise"],
    "keystead.app.certificates": ["BadCertificates"],
    "keystead.credentials.rootkey": ["RootKeyUnusable"],
    "keystead.gateway.http.listeners": ["CannotListen"],
    "keystead.store.sqlite": ["DirectoryInUse"],
    "keystead.store.migrations": ["SchemaMismatch"],
}


def foreseen() -> tuple[type[BaseException], ...]:
    """Return the foreseen exception classes of the modules that are imported by now."""
    found: list[type[BaseException]] = []
    for module, names in _FORESEEN.items():
        if module in sys.modules:
            found += [getattr(sys.modules[module], name) for name in names]
    return tuple(found)
