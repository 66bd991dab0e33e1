"""The SOAP API, as far as clients of the REST API fall back on it: login, merge, convertLead, undelete and the like."""
