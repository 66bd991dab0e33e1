"""The User Interface API: what a form needs to know of objects, picklists and defaults, under /ui-api."""
