"""Telemetry: what other programs report (Sentry's protocol, received here), and what opsterm reports about itself."""
