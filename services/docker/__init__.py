"""Docker: building every Dockerfile of a folder and measuring which one is best."""
