"""evalplat tells whether a change made an AI agent worse, how sure that is, and ships or stops it."""

__version__ = "0.1.0"
