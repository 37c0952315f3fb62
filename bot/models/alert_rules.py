"""What incidents can be about. No SQL."""

GROUP, SUMMARY = "group", "summary"
"""Failures of one error group, and the rest of a busy minute's."""
OLDEST, RESERVED, FAILED = "oldest", "reserved", "failed"
BACKLOG, SILENT = "backlog", "silent"
BACKGROUND = "background"
"""The bot's own background work: not a figure of the queue."""
CONDITIONS = (OLDEST, RESERVED, FAILED, BACKLOG, SILENT, BACKGROUND)
"""Kinds that are about figures; the others are about failures."""
