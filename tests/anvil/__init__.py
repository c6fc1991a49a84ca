"""A real chain on loopback for tests: anvil, faulty RPCs before it, and what runs on it."""
