"""What each kind of record says: pure functions from a record to rows. A record that cannot be read says nothing."""
