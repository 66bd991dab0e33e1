"""What the REST endpoints of all apps share; each app's ``api.py`` says only what is its own."""
