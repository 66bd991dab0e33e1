"""Bulk API 1.0: jobs of batches that the client makes itself, in CSV, JSON or XML."""
