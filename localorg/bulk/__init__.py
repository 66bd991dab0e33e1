"""Bulk API 2.0 and 1.0: jobs that the org works off behind the caller's back."""

from localorg.bulk.bulk import Bulk

__all__ = ["Bulk"]
