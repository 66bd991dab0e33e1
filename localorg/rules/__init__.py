"""Rules that administrators make: what may be saved, what counts as a duplicate, who gets it."""

from localorg.rules.reading import rulebook_of
from localorg.rules.rulebook import EMPTY, Rulebook

__all__ = ["EMPTY", "Rulebook", "rulebook_of"]
