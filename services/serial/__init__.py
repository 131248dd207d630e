"""Serial lines: ports, connection, framing and the service behind the Serial tab."""
