"""Speed and size as measured, and the page that says so."""
