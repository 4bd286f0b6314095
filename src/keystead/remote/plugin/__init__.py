"""Our `session-manager-plugin`: what the aws CLI runs for `aws ssm start-session`, in Python, for any authority.

The newest upstream plugin accepts AWS's addresses only. Same arguments, environment and texts; the differences are
that it acknowledges duplicates, restores the terminal on every way out, and ends with 1 when no channel opens.
"""
