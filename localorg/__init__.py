"""A Salesforce org over HTTP on loopback: its own data, its own sign-in, no line shared with Tandem."""
