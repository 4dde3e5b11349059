"""What every package above the core uses: settings, errors, log, metrics, the clock, time zones."""
