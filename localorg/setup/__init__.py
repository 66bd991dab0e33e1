"""The setup of an org, described by a readable file (``localorg/orgs/*.toml``)."""

from localorg.setup.kept import Choice, choose
from localorg.setup.load import load
from localorg.setup.model import Setup
from localorg.setup.reading import SetupError

__all__ = ["Choice", "Setup", "SetupError", "choose", "load"]
