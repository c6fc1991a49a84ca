"""Words and shapes of the API group modelbond.io: kinds, names, conditions."""
