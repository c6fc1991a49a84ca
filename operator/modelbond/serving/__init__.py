"""What runs at a host for one order: every object rendered from plain values."""
