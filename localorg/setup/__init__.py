"""The setup of an org, described by a readable file (``localorg/orgs/*.toml``)."""

from localorg.setup.load import keep, kept, load
from localorg.setup.model import Setup
from localorg.setup.reading import SetupError

__all__ = ["Setup", "SetupError", "keep", "kept", "load"]
