"""Writing records: what a real org checks, fills in and carries along."""
