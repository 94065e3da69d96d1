"""What users can do, and who may do it."""
