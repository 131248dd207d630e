"""Kubernetes: configuration and login, HTTP, watches, pods, and log streams that lose and repeat nothing."""
