"""The documentation as a site: ``make docs`` writes it to ``.cache/docs``."""

project = "Tandem"
copyright = "Tandem's authors"  # noqa: A001 - the name that Sphinx reads
extensions = ["myst_parser"]
myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3
html_theme = "furo"
html_title = "Tandem"
nitpicky = True
html_static_path = ["_static"]
html_css_files = ["docs.css"]
