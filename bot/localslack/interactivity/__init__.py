"""Actions of people in the workspace, and Slack's handling of the app's answers."""
