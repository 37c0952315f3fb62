"""Build the bot from the settings: create the parts and connect the parts."""
