"""The door of Session Manager: channels of clients and nodes over WebSocket, joined by session."""
