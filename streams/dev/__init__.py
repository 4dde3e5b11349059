"""Tooling for developers: an embedded Kafka, worker processes, the demo, the benchmarks."""
