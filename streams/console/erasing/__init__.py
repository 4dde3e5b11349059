"""`ringback erase`: what there is of a contact, how it is asked for and read back, by when topics have forgotten."""
