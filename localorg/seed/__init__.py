"""The records a new org begins with: made-up people, the same ones every time."""

from localorg.seed.seed import SIZES, seed, size_of

__all__ = ["SIZES", "seed", "size_of"]
