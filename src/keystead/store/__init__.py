"""The database: the only place that imports a driver. Everything above sees `Reader` and `Transaction`."""
