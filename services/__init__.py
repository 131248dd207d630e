"""What opsterm knows and does, without any user interface."""
