"""Where Faust's inside is touched. Faust logs under the names of these modules: of their lines only warnings are written."""
