"""The settings of the sync as a text: written out, compared with another one, and taken over from it.

``export``: what is set, as plain data. ``text``: such data as YAML and back, with the line of everything. ``schema``:
what a text may say. ``plan``: what it would change, and what is wrong with it. ``importing``: carried out.
"""
