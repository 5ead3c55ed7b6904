"""Boards written down, one format a module. Each takes boards and returns text."""
