"""What people do from a console or the command line: to callbacks, by ordinary events, and with dead letters."""
