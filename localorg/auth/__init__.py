"""Signing in: OAuth 2.0 as Salesforce speaks it."""
