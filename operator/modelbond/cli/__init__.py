"""The command line `modelbond`, also as `kubectl modelbond`."""
