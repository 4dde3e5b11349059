"""The pages of docs/ say what is so, and leave nothing out."""
