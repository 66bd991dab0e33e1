"""Who may do what: permissions of objects and fields, and which records of others somebody sees."""

from localorg.access.access import Access
from localorg.access.views import Views

__all__ = ["Access", "Views"]
