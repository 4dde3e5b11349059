"""The demo: its story, and what a person sees of it."""
