"""Where Faust's inside is touched."""
