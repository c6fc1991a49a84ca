"""Real Kubernetes clusters on one machine, for tests and the demo."""
