"""Decoders that come built in. Each is a file such as a user would write, and is loaded in the same way."""
