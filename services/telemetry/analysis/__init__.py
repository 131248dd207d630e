"""What the records of traces mean: pure functions and small classes, without I/O."""
