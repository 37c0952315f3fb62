"""Pure functions that turn values into Block Kit. They use no clock, database or Slack client."""
