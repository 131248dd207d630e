"""Reading a Sentry organisation: its slowest transactions, operations and queries, and single traces."""
