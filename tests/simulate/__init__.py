"""`ringback simulate`: lines in, records or a dialogue out."""
