"""The node agent: gives shells, commands and ports of its machine to sessions that the authority let in.

It opens every connection itself; no port of the machine is listened on.
"""
