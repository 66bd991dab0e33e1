"""Visualforce, as far as it takes to frame a page of another site on a record page, from a host of its own.

A record page lives on the org's host, the Visualforce page that it frames on another one, and what that frames on a
third: browsers treat the three as different sites, with all that follows for cookies and for who may frame whom.
"""
