"""Phone numbers, time zones, and when a contact may be called."""
