"""Decisions from what is wanted and what is seen, without any I/O."""
