"""The decisions about one contact: pure functions of its state, one event, the configuration and an instant."""
