"""What clients that nobody here wrote make of the local org."""
