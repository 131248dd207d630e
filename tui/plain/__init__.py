"""The services without the screen: lines on standard output."""
