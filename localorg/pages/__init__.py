"""Plain pages to look at the org's records and to change them, as a signed-in user of the org."""
