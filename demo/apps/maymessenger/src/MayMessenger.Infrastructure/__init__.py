"""Where things are kept: PostgreSQL and the audio volume."""
