"""Faults on demand: rules say which requests, rows and jobs go wrong, how, and how often."""

from localorg.faults.faults import Faults, Fired
from localorg.faults.rule import ACTIONS, Rule

__all__ = ["ACTIONS", "Faults", "Fired", "Rule"]
