"""Everything that can break is broken, over and over, under load; a verifier of its own says what came of it."""
