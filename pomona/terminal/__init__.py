"""Views as text, for a terminal: a module per command, or group of commands. None of them reads a lake."""
