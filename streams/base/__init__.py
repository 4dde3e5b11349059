"""What every room above the core stands on: settings, errors, log, metrics, the clock, time zones."""
