"""The panel that the org's own pages frame: an account's people, worked with from there.

``framing`` says whose pages may frame it, ``sessions`` who is signed in, ``entry`` guards its views, ``doors`` are the
windows that people sign in by, ``people`` and ``doing`` what the panel shows and does.
"""
