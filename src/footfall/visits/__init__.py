"""What a visit is, which counters it moves, how it is recorded and reported."""
