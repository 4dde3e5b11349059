"""The bugs that other systems had, each shown not to be ours: docs/bugs-and-tests.md."""
