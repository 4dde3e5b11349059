"""That the core decides from its arguments alone, seen while it runs: `python -m tests.purity` plays all scenarios."""
