"""What is around the core, without a broker: `streams.engine`, `kafka`, `storage`, `base` and `worker`."""
