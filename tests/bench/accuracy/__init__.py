"""How true the ledger is: outages known beforehand, seen by a watcher and a second tool."""
