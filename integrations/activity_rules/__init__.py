"""Whether an activity goes to Salesforce, by which rule, and what it is called there. Values in, a verdict out.

rules = ActivityRules.load(connection)
for activity in judged(Activity.objects.filter(…)):  # a fixed number of queries
    verdict(activity, rules), title_of(activity, rules.settings)
"""

from .facts import ActivityRules, judged
from .titles import title_of
from .verdicts import Rule, Verdict, made_before, verdict

__all__ = ["ActivityRules", "Rule", "Verdict", "judged", "made_before", "title_of", "verdict"]
