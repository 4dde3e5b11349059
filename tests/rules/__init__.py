"""Each rule of docs/rules.md by its number, played from a file of tests/scenarios."""
