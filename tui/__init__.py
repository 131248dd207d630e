"""The program around the screens: command line, app, configuration, crash handling and demo."""

__version__ = "0.1.0"
