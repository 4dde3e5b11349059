"""Tests of the rules for promtool: cases in Python, which are written as its YAML and run by it."""
