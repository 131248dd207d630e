"""One screen a tab: each wires one service to widgets and owns its keys."""
