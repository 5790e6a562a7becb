"""The database: SQLModel rows in, values of `alerts.model` out. Nothing here commits but `engine.transaction`."""
