"""Who asks for a page, what they may do, and what they may see. It knows no page."""
