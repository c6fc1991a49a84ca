"""Cheats of our own against canaries: how many are found, and that no honest host is."""
