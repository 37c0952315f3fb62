"""The responses of the spec of the queue's API."""

# The responses are copied from the spec of the queue's API.
STATUS = """{"success": true, "data": {
  "pending_jobs": [{"queue": "netsuite", "count": 3}],
  "reserved_jobs": [{"queue": "netsuite", "count": 1}],
  "failed_jobs_count": 5, "oldest_pending_age_seconds": 120,
  "oldest_pending_job": {
    "queue": "netsuite", "created_at": 1730997654, "available_at": 1730997654},
  "timestamp": "2025-11-07 19:30:00"}}"""
JOBS = r"""{"success": true, "data": {
  "jobs": [{"id": 123, "queue": "netsuite", "attempts": 0, "max_attempts": 3,
    "job_class": "App\\Jobs\\NetsuiteSyncJob", "order_id": 803196, "tienda_id": 12097,
    "created_at_human": "2025-11-07 17:42:56", "available_at_human": "2025-11-07 17:42:56",
    "reserved_at_human": null, "age_seconds": 245}],
  "count": 1, "filters": {"queue": "netsuite", "status": "pending", "limit": 50}}}"""
FAILED = r"""{"success": true, "data": {
  "failed_jobs": [{"id": 45, "queue": "netsuite", "job_class": "App\\Jobs\\NetsuiteSyncJob",
    "order_id": 803193, "tienda_id": 12097,
    "exception_short": "NetSuite sync failed: exception - MySQL server has gone away...",
    "failed_at": "2025-11-07 17:45:59"}],
  "count": 1}}"""
RETRY = """{"success": true, "message": "Job 45 moved back to queue for retry",
  "data": {"queue": "netsuite", "failed_at": "2025-11-07 17:45:59"}}"""
RETRY_ALL = (
    """{"success": true, "message": "Retried 5 failed jobs", "data": {"retried_count": 5}}"""
)
DELETE = """{"success": true, "message": "Job 123 deleted",
  "data": {"queue": "netsuite", "attempts": 2}}"""
DELETE_FAILED = """{"success": true, "message": "Failed job 45 deleted permanently",
  "data": {"queue": "netsuite", "failed_at": "2025-11-07 17:45:59"}}"""
CLEAR = """{"success": true, "message": "Cleared 5 failed jobs", "data": {"deleted_count": 5}}"""
