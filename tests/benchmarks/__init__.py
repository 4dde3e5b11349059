"""The benchmark's input, its judgement and its table."""
