"""What keeps controllers going: queue, workers, supervised tasks, informers, caches."""
