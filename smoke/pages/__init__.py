"""Page objects: one page a file, locators and actions, no verdicts."""
