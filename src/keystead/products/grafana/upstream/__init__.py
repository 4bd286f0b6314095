"""A real Grafana behind a workspace's door: our token is verified here, and swapped for one of its own."""
