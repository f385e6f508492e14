"""Formats views as text for a terminal, with one module per command or group of commands. None of them reads a lake."""
