"""Tests of the edge that need no broker."""
