"""Tests of what people do to callbacks and with dead letters."""
