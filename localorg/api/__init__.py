"""The REST API under /services/data."""
