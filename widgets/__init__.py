"""What opsterm draws, one widget a file; a widget knows of the services only their records."""
