"""People in a real browser: what they do, what the pages answer, what is left to look at."""
