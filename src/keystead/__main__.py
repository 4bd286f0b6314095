"""`python -m keystead`: the same as the program `keystead`."""

from keystead.cli.main import main

main()
