"""The second engine: a PostgreSQL database, served by one keystead at a time."""
