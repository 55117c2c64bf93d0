"""The commands that a user types, a module for each, over the rooms below."""
