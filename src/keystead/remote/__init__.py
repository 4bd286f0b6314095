"""Programs that run away from the authority, as its clients: the node agent and our session-manager-plugin."""
