"""The wire of Session Manager: what node agent, door and session-manager-plugin say to each other.

Pure: bytes and times in, bytes and events out. Whoever has a socket drives it; nothing here knows the authority.
"""
