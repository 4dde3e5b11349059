"""Those that are measured, one module each: how it is started, and, in Python, the program itself."""
