"""The Grafana HTTP API of each workspace: where service-account tokens and API keys are presented."""
