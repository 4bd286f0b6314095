"""`session-manager-plugin`: the executable that the aws CLI looks for."""

import asyncio
import logging
import os
import sys

from keystead.kernel.clock import SystemClock
from keystead.kernel.entropy import SystemEntropy
from keystead.remote.plugin.arguments import INSTALLED, VERSION, BadArguments, read


def main() -> int:
    """Run the plugin with the process's arguments and return its exit status."""
    arguments = sys.argv[1:]
    if not arguments:
        sys.stdout.write(INSTALLED)
        return 0
    if arguments == ["--version"]:
        sys.stdout.write(f"{VERSION}\n")
        return 0
    try:
        invocation = read(arguments, os.environ)
    except BadArguments as error:
        sys.stderr.write(f"{error}\n")
        return 1
    # What only a session needs is loaded for one.
    from keystead.remote.plugin.session import PluginSession

    # Standard error is the user's terminal, in the middle of a shell: what libraries warn of does not belong there.
    logging.disable()
    return asyncio.run(PluginSession(invocation, SystemClock(), SystemEntropy()).run())


if __name__ == "__main__":
    sys.exit(main())
