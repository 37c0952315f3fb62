"""What Slack accepts as blocks, elements and views, rule by rule, and how it stores them."""
