"""The main job before one's eyes: one `kubectl apply`, a model on two owners' clusters."""
