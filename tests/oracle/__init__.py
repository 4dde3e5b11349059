"""A second opinion on the checks: written from docs/rules.md alone, slow and simple, without a line of the program."""
