module modelbond.io/tests/pause

go 1.25.0
