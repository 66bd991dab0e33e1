"""Activities on the engine that records use: what they are there, whom they hang on, and tasks that come from there.

They have queue rows, links with bases, errors and runs as records do. Only their mapping is here, in code.
"""
