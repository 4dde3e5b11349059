"""The engine against an in-memory broker, on virtual time, with a seeded scheduler: a failing seed replays exactly."""
