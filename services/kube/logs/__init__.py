"""Logs of containers: exact resume of one stream, and many streams in one ring."""
