"""The console's pages, and who may see and do what."""
