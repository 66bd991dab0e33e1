"""What no real org has, under /localorg/: faults, reset, a list of calls, merges and conversions."""
