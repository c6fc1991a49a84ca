"""Thin carriers of the ports: one for each outside system."""
