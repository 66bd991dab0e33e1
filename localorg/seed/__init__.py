"""The records a new org begins with: made-up people, the same ones every time."""

from localorg.seed.seed import SIZES, keep_users, seed, size_of

__all__ = ["SIZES", "keep_users", "seed", "size_of"]
