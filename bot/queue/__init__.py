"""The queue service layer: reads and changes of `jobs` and `failed_jobs`, independent of Slack."""
