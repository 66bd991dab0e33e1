"""An evaluator of SOQL in plain Python, which shares nothing with the org, and random queries to try it with."""
