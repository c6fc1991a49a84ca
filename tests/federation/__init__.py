"""Several owners' clusters with modelbond installed and joined, for demo and scenarios."""
