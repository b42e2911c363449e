"""The commands of `corticodec`, one a file, and what they share."""
