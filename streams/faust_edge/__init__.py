"""Faust's consumer as the engines need it. What Faust has no way in for is opened in `streams.library_internals`."""
