"""Which hosts a deployment goes to, and for every other host why not: pure decisions."""
