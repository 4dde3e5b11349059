"""Rule sets and filters, compiled and evaluated."""
