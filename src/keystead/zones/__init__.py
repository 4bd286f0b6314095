"""Private hosted zones: what the `route53` API changes and the DNS door answers from."""
