"""A VendHub that runs on this machine, with a catalogue of named faults."""
