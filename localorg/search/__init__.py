"""Full-text search: SOSL and parameterized search, by SQLite's FTS5."""
