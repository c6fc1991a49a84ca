"""Leases in numbers: terms and their hashes, leaves and trees, credit, earning and time. Pure."""
