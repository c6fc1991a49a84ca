"""What may be fetched, from where, how often: the pure decisions of `modelbond fetch`."""
