"""Measures Ringback beside its peers: the same work, the same input, the same broker, in one run."""
