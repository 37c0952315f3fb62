# queue-bot in English. Ids come in as text, counts as numbers, names of jobs already in code.
# Emphasis is *bold* only, and never around a value that is in code.

## Words that stand alone
at = { $at }
order = order { $id }
tienda = shop { $id }
subject = { $name } { $value }
name-order = order
name-shop = shop
job-unknown = unknown job
everyone = everyone
attempts =
    { $most ->
        [one] { $attempts } of 1 attempt
       *[other] { $attempts } of { $most } attempts
    }
attempts-of = { $attempts } of { $most }
attempts-made =
    { $attempts ->
        [one] 1 attempt
       *[other] { $attempts } attempts
    }
scope-queue = { " " }in { $queue }
scope-before = { " " }that failed before { $at }
role-none = none
role-viewer = viewer
role-operator = operator
role-admin = admin

## Buttons
button-retry = Retry
button-details = Details
button-delete = Delete
button-delete-undo =
    { $days ->
        [one] Delete (undo for 1 day)
       *[other] Delete (undo for { $days } days)
    }
button-keep = Keep the job
button-next = Next page
button-failed = Failed jobs
button-jobs = Jobs in the queue
button-retry-all = Retry all…
button-close = Close
button-cancel = Cancel
button-stop = Cancel the rest
confirm-delete-failed = Delete failed job { $id }?
confirm-delete-failed-text = The job will not be retried. The bot's archive keeps a copy.
confirm-delete = Delete job { $id }?
confirm-delete-text = The job will not run. If a worker has already taken the job, that worker may still finish the job. The bot's archive keeps a copy.

## What screen readers read instead of a button's label; each begins with the label
spoken-retry-ids = Retry failed job { $what }
spoken-retry-error = Retry group { $what }
spoken-retry-incident = Retry group of incident { $what }
spoken-failed-job-id = Details of failed job { $what }
spoken-job-id = Details of job { $what }
spoken-error-error = Details of error group { $what }
spoken-delete-failed-ids = Delete failed job { $what }
spoken-delete-ids = Delete job { $what }
spoken-release-ids = Release job { $what }
spoken-acknowledge-id = Acknowledge incident { $what }
spoken-cancel-id = Cancel the rest of operation { $what }
spoken-undo-what = Undo operation { $what }
spoken-find-order = Show order { $what }
spoken-unmute-error = Unmute error group { $what }
spoken-unmute-queue = Unmute queue { $what }
spoken-unmute-alert = Unmute alert rule { $what }
spoken-incident-retry = Retry group { $error } of incident { $incident }
spoken-incident-details = Details of incident { $incident }
spoken-home-day = Details of the last 24 hours
spoken-retry-all-queue = Retry all failed jobs in queue { $what }
spoken-page-failed = Next page of failed jobs
spoken-page-jobs = Next page of jobs in the queue
spoken-page-errors = Next page of error groups
spoken-page-history = Older records of the history

## Status
status-title = *Queue status*
status-totals = { $available } available · { $delayed } delayed · { $reserved } reserved · { $failed } failed
status-queue = { $queue }: { $available } available, { $delayed } delayed, { $reserved } reserved
status-oldest = Oldest waiting job: { $age }, in { $queue }.
status-oldest-alarm = ⚠️ Oldest waiting job: { $age }, in { $queue }. The limit is { $limit }: are the workers running?
status-none-waits = ✅ Oldest waiting job: none.
status-failed-alarm =
    { $limit ->
        [one] ⚠️ There is more than 1 failed job. Find the error that the jobs share, fix it, then retry all failed jobs.
       *[other] ⚠️ There are more than { $limit } failed jobs. Find the error that the jobs share, fix it, then retry all failed jobs.
    }
status-caption = Jobs by queue
status-as-of = These counts are from { $at }. The bot does not count large tables for every command.
status-more-queues =
    { $count ->
        [one] 1 more queue has fewer jobs.
       *[other] { $count } more queues have fewer jobs.
    }
column-queue = Queue
column-available = Available
column-delayed = Delayed
column-reserved = Reserved
caption-failed = Failed jobs { $first } to { $last }
caption-jobs = Jobs { $first } to { $last }
caption-errors = Error groups { $first } to { $last }
column-id = ID
column-class = Class
column-order = Order
column-subject = Subject
column-failed-at = Failed at
column-error = Error
column-state = State
column-attempts = Attempts
column-failed = Failed
column-cause = Cause
column-last = Last failure

## Lists
failed-title = *Failed jobs*{ $scope }, newest first
failed-none = ✅ No failed jobs{ $scope }.
failed-row = *Failed job { $id }*
failed-name = Failed job { $id }
failed-at = failed { $at }
jobs-title =
    { $status ->
        [pending] *Pending jobs*{ $scope }
        [reserved] *Reserved jobs*{ $scope }
       *[all] *Jobs in the queue*{ $scope }
    }
jobs-none = ✅ No matching jobs{ $scope }.
jobs-none-partial = ❓ No matching jobs{ $scope } among the oldest and newest jobs. The queue is too long to scan in full.
job-row = *Job { $id }*
job-name = Job { $id }
list-more = More below.
list-partial = Only the oldest and newest jobs were scanned.
state-pending = available, { $age } old
state-pending-ageless = available
state-delayed = ⏳ delayed until { $at }
state-reserved = ▶️ reserved for { $age }
state-stuck = ⚠️ stuck: reserved for { $age }
stuck-hint = This job has been reserved for more than { $age }: its worker may be dead or stuck. Check the workers ({ $look }) and restart them if needed ({ $restart }).

## Details
label-state = *State:*
label-queue = *Queue:*
label-class = *Class:*
label-order = *Order:*
label-tienda = *Shop:*
label-attempts = *Attempts:*
label-created-at = *Created:*
label-available-at = *Available:*
label-reserved-at = *Reserved:*
label-failed-at = *Failed:*
label-error-group = *Error group:*
label-exception = *Exception*
label-payload = *Payload* (secrets masked)
text-empty = Empty.
text-cut = The text is cut here. The whole text has { $length } characters.

## Changes of single jobs
retried-one = 🔁 Failed job { $id } is back in the queue as job { $job }.
retried-one-by = 🔁 { $by } retried failed job { $id }: it is back in the queue as job { $job }.
retried-many =
    { $count ->
        [one] 🔁 Retried 1 failed job:
       *[other] 🔁 Retried { $count } failed jobs:
    }
retried-many-by =
    { $count ->
        [one] 🔁 { $by } retried 1 failed job:
       *[other] 🔁 { $by } retried { $count } failed jobs:
    }
retried-row = { $id } → job { $job }
deleted-one = 🗑️ Job { $id } deleted.
deleted-one-by = 🗑️ { $by } deleted job { $id }.
deleted-many =
    { $count ->
        [one] 🗑️ Deleted 1 job:
       *[other] 🗑️ Deleted { $count } jobs:
    }
deleted-many-by =
    { $count ->
        [one] 🗑️ { $by } deleted 1 job:
       *[other] 🗑️ { $by } deleted { $count } jobs:
    }
deleted-reserved-one = ⚠️ The job was reserved: its worker may still finish the job.
deleted-reserved =
    { $count ->
        [one] ⚠️ 1 of these jobs was reserved ({ $ids }): its worker may still finish the job.
       *[other] ⚠️ { $count } of these jobs were reserved ({ $ids }): their workers may still finish the jobs.
    }
deleted-failed-one = 🗑️ Failed job { $id } deleted permanently.
deleted-failed-one-by = 🗑️ { $by } deleted failed job { $id } permanently.
deleted-failed-many =
    { $count ->
        [one] 🗑️ Deleted 1 failed job permanently:
       *[other] 🗑️ Deleted { $count } failed jobs permanently:
    }
deleted-failed-many-by =
    { $count ->
        [one] 🗑️ { $by } deleted 1 failed job permanently:
       *[other] 🗑️ { $by } deleted { $count } failed jobs permanently:
    }
archive-note = A copy is kept in the bot's archive.
skipped =
    { $count ->
        [one] 1 job was not changed:
       *[other] { $count } jobs were not changed:
    }
skipped-row = • { $sentence }
skipped-wrong-queue = The bot may not change the queue of job { $id }

## Stuck jobs, and changes that are switched off
button-release = Release
button-release-jobs =
    { $count ->
        [one] Release job { $id }
       *[other] Release { $count } jobs
    }
button-leave = Keep reserved
confirm-release =
    { $count ->
        [one] Release job { $id }?
       *[other] Release { $count } jobs?
    }
confirm-release-text = Check the workers first. Any worker may take a released job. If the old worker is still running, the job may run twice.
confirm-release-text-seen = Check the workers first. Any worker may take a released job. If the old worker is still running, the job may run twice. The tables have no time of the reservation: the bot releases the job only if its status is still reserved and its attempts are unchanged.
stuck-seen = These tables do not have the time of a reservation. The ages count from when the bot first saw the job reserved.
age-at-least = at least { $age }
stuck-title = *Stuck jobs*, reserved for { $age } or more, the longest first
stuck-none = ✅ No job has been reserved for { $age } or more.
stuck-none-partial = ❓ None of the oldest and newest jobs has been reserved for { $age } or more. The queue is too long to scan in full.
stuck-more = There may be more stuck jobs: { $longer } shows only the jobs that have been stuck for longer.
payload-facts = Payload: { $facts }
job-batch =
    { $state ->
        [cancelled] Batch { $name }, cancelled · done: { $done } of { $total } · failures: { $failed }
        [finished] Batch { $name }, finished · done: { $done } of { $total } · failures: { $failed }
       *[open] Batch { $name } · done: { $done } of { $total } · failures: { $failed }
    }
stuck-expiry = A reservation expires after { $age }. The job then counts as available, because any worker may take it again.
workers-hint = The workers may be dead or stuck. Check them ({ $look }) and restart them if needed ({ $restart }).
released-one = 🔓 Job { $id } is available again: any worker may take it.
released-one-by = 🔓 { $by } released job { $id }: it is available again.
released-many =
    { $count ->
        [one] 🔓 Released 1 job:
       *[other] 🔓 Released { $count } jobs:
    }
released-many-by =
    { $count ->
        [one] 🔓 { $by } released 1 job:
       *[other] 🔓 { $by } released { $count } jobs:
    }
released-held = was reserved for { $age }
released-warning =
    { $count ->
        [one] ⚠️ If the old worker of this job is still running, the job may run twice.
       *[other] ⚠️ If an old worker is still running, its job may run twice.
    }
released-early =
    { $count ->
        [one] ⚠️ The job was released by force soon after a worker reserved it. If that worker is alive, the job runs twice.
       *[other] ⚠️ Some jobs were released by force soon after workers reserved them. If such a worker is alive, its job runs twice.
    }
released-spent =
    { $count ->
        [one] ⚠️ Job { $ids } has used up its attempts: the next worker may move it to failed without running it.
       *[other] ⚠️ Jobs { $ids } have used up their attempts: the next worker may move them to failed without running them.
    }
help-stuck = jobs that have been reserved for too long
help-release = put stuck jobs back in the queue
refusal-not-reserved = Job { $id } is not reserved: no worker has it. Nothing was changed
refusal-not-reserved-by = Job { $id } is no longer reserved: { $by } released it at { $at }
refusal-reserved-again = A worker took job { $id } again at { $at }. The job was not changed; refresh the list and try again
refusal-reserved-recently = Job { $id } was reserved only recently, at { $at }. Its worker is probably still running the job. The job was not changed. If the worker is dead: { $slash } release { $id } force=yes
refusal-row-too-long = Failed job { $id } was not moved: one of its values is longer than the column { $detail } allows. Make that column larger, then try again
refusal-row-would-change = Failed job { $id } was not moved: the table { $detail } would store a different text. Compare the character sets and the triggers of both tables
refusal-row-refused = Row { $id } was not moved: the database refused the change with { $detail }
refusal-row-has-children = Row { $id } was not changed, because rows of the table { $detail } refer to it. The database would delete or change those rows too, and an undo could not restore them. To change row { $id } anyway, repeat the command with force=yes
reason-row-has-children = rows of another table refer to the row (repeat with force=yes)
reason-times-off = failed_at is not in the time zone of QUEUE_BOT_TIME_ZONE
refusal-other-connection = Failed job { $id } was not moved: it came from the connection { $detail }, whose jobs are not in this table. Retry it with the framework's own queue:retry, or add the connection to QUEUE_BOT_CONNECTIONS if its driver is database
reason-row-too-long = a value is too long for its column
reason-row-would-change = the table would store a different text
reason-row-refused = the database refused the row
reason-other-connection = the job came from another connection
reason-not-reserved = the job was not reserved
reason-reserved-again = a worker had taken the job again
reason-reserved-recently = the job was reserved too recently

frozen = 🧊 *Changes are frozen* by { $by } since { $at }.
frozen-reason = 🧊 *Changes are frozen* by { $by } since { $at }: { $reason }
frozen-effect = No change runs until an admin runs { $command }.
frozen-preview = 🧊 { $by } froze all changes ({ $at }). You can confirm this change only after an unfreeze.
frozen-progress = 🧊 Paused: changes are frozen by { $by } since { $at }. The operation resumes after an unfreeze.
freeze-done = 🧊 Changes are frozen: the bot now refuses every change. Running bulk changes pause, and resume after { $command }.
freeze-done-by = 🧊 *{ $by } froze all changes.* Running bulk changes pause. Status, lists and history still work.
freeze-why = Reason: { $reason }
unfreeze-done = ☀️ Changes are allowed again, after a freeze of { $age }. Paused bulk changes resume.
unfreeze-done-by = ☀️ *{ $by } allows changes again*, after a freeze of { $age }. Paused bulk changes resume.
help-freeze = refuse every change until an unfreeze; running bulk changes pause
help-unfreeze = allow changes again
other-command = This bot answers to { $slash }, not to { $typed }. Nothing was run. The app's slash command and QUEUE_BOT_COMMAND must be the same.
other-environment = This message belongs to { $theirs }, but the click reached { $own }. Nothing was changed. Two bots use one Slack app, or QUEUE_BOT_ENVIRONMENT has changed.
environment-without-name = an environment without a name
refusal-frozen = Changes are frozen by { $by } since { $at }. Nothing was changed; an admin can run { $slash } unfreeze
refusal-frozen-reason = Changes are frozen by { $by } since { $at }: { $reason }. Nothing was changed; an admin can run { $slash } unfreeze
refusal-already-frozen = Changes are already frozen by { $by } since { $at }
refusal-not-frozen = Changes are not frozen
refusal-not-frozen-by = Changes are no longer frozen: { $by } allowed them again at { $at }
reason-frozen = changes were frozen
reason-already-frozen = changes were already frozen
reason-not-frozen = changes were not frozen

## Undoing
button-undo = Undo
retried-attempts =
    { $count ->
        [one] The attempts in the payload of { $ids } are 0 again.
       *[other] The attempts in the payloads of { $ids } are 0 again.
    }
retried-batch-cancelled =
    { $count ->
        [one] ⚠️ The batch of { $ids } is cancelled: the worker ends the job without work.
       *[other] ⚠️ The batches of { $ids } are cancelled: the workers end these jobs without work.
    }
deleted-batch =
    { $count ->
        [one] ⚠️ The batch of { $ids } is not finished. It never finishes without this job.
       *[other] ⚠️ The batches of { $ids } are not finished. They never finish without these jobs.
    }
retried-deadline-moved =
    { $count ->
        [one] The deadline (retryUntil) of { $ids } had passed. The retry set a new deadline: the job has as much time as after its creation.
       *[other] The deadlines (retryUntil) of { $ids } had passed. The retry set new deadlines: each job has as much time as after its creation.
    }
retried-deadline-removed =
    { $count ->
        [one] The deadline (retryUntil) of { $ids } had passed. The retry removed it, because the payload does not say when the job was created.
       *[other] The deadlines (retryUntil) of { $ids } had passed. The retry removed them, because the payloads do not say when the jobs were created.
    }
undo-until-started = Undo works until a worker takes the job.
undo-too-late = A worker has taken the job, so the retry can no longer be undone.
undone-failed-one = ↩️ Failed job { $id } is back in failed_jobs.
undone-failed-one-by = ↩️ { $by } put failed job { $id } back in failed_jobs.
undone-failed-many =
    { $count ->
        [one] ↩️ 1 failed job is back in failed_jobs:
       *[other] ↩️ { $count } failed jobs are back in failed_jobs:
    }
undone-failed-many-by =
    { $count ->
        [one] ↩️ { $by } put 1 failed job back in failed_jobs:
       *[other] ↩️ { $by } put { $count } failed jobs back in failed_jobs:
    }
undone-job-one = ↩️ Job { $id } is back in the queue.
undone-job-one-by = ↩️ { $by } put job { $id } back in the queue.
undone-job-many =
    { $count ->
        [one] ↩️ 1 job is back in the queue:
       *[other] ↩️ { $count } jobs are back in the queue:
    }
undone-job-many-by =
    { $count ->
        [one] ↩️ { $by } put 1 job back in the queue:
       *[other] ↩️ { $by } put { $count } jobs back in the queue:
    }
undone-change = This undid the command { $command } of { $by }, { $at }.
undone-taken-back = job { $job } will not run
undone-new-id = new id { $new }, because another row has the id { $id }
undone-reserved =
    { $count ->
        [one] ⚠️ The job is reserved, as it was before. If no worker finishes the job, release it.
       *[other] ⚠️ { $count } of these jobs are reserved, as they were before ({ $ids }). If no worker finishes them, release them.
    }
bulk-title-undo = Undo
bulk-submit-undo = Put back { $count }
bulk-submit-undo-long =
    { $count ->
        [one] Put back 1 job
       *[other] Put back { $count } jobs
    }
bulk-lead-undo =
    { $count ->
        [one] *1 failed job*{ $scope } will be put back as it was.
       *[other] *{ $count } failed jobs*{ $scope } will be put back as they were.
    }
scope-undo = { " " }of operation { $operation }
bulk-note-undo = A retried job is put back only if no worker has taken it. The result counts the jobs that were not put back. A failed job gets a new id if another row already has its id.
bulk-nothing-undo = ✅ There is nothing to put back.
bulk-started-undo =
    { $count ->
        [one] Started: putting back 1 failed job. The progress is in the channel.
       *[other] Started: putting back { $count } failed jobs. The progress is in the channel.
    }
progress-running-undo =
    { $total ->
        [one] ↩️ Putting back 1 failed job…
       *[other] ↩️ Putting back { $total } failed jobs…
    }
progress-cancelling-undo = ⏹️ Cancelling. Failed jobs put back so far: { $done } of { $total }.
progress-done-undo =
    { $done ->
        [0] ⚪ Put back none of the failed jobs
        [one] ↩️ Put back 1 failed job
       *[other] ↩️ Put back { $done } failed jobs
    }
progress-cancelled-undo = ⏹️ Cancelled. Failed jobs put back: { $done } of { $total }. The remaining jobs were not changed.
progress-stopped-undo = ⚠️ Stopped. Failed jobs put back: { $done } of { $total }. The remaining jobs were not changed.
progress-skipped-undo =
    { $count ->
        [one] 1 failed job was not put back: a worker had taken the retried job, or the failed job was already back.
       *[other] { $count } failed jobs were not put back: workers had taken the retried jobs, or the failed jobs were already back.
    }
undone-mark = ↩️ Undone by { $by }, { $at }.
undone-part = ↩️ Partly undone by { $by }, { $at }. Failed jobs put back: { $count } of { $total }.
help-undo = put retried or deleted jobs back; without a number, undo your own last change
refusal-nothing-to-undo =
    { $days ->
        [one] You made no change in the last day that can still be undone
       *[other] You made no change in the last { $days } days that can still be undone
    }
refusal-change-not-found = There is no change { $word }. Give the number of an operation, such as 12, or of an audit record, such as #12
refusal-not-undoable = { $command } cannot be undone: the command removed no job, or the bot kept no copy. Jobs that an undo put back can be retried or deleted again
refusal-undo-expired =
    { $days ->
        [one] This change can no longer be undone: the bot keeps copies for 1 day. Nothing was changed
       *[other] This change can no longer be undone: the bot keeps copies for { $days } days. Nothing was changed
    }
refusal-already-undone = { $by } already undid this change at { $at }
refusal-job-taken = Too late to undo the retry of failed job { $id }: a worker has job { $job } already. Nothing was changed
refusal-job-gone = Too late to undo the retry of failed job { $id }: job { $job } is no longer in the queue; a worker took it or processed it. Nothing was changed
refusal-job-gone-by = Too late to undo the retry of failed job { $id }: { $by } deleted job { $job } at { $at }. Nothing was changed
refusal-row-there = Row { $id } is already in the table, with the same content. Nothing was changed
reason-nothing-to-undo = there was nothing to undo
reason-change-not-found = no such change
reason-not-undoable = the change cannot be undone
reason-undo-expired = the copies had expired
reason-already-undone = the change was already undone
reason-job-taken = a worker had the job
reason-job-gone = the job was no longer in the queue
reason-row-there = the row was already in the table

## Bulk changes
bulk-title-retry-all = Retry all failed jobs
bulk-title-clear-failed = Clear failed jobs
bulk-submit-retry-all = Retry { $count }
bulk-submit-retry-all-long =
    { $count ->
        [one] Retry 1 job
       *[other] Retry { $count } jobs
    }
bulk-submit-clear-failed =
    { $count ->
        [one] Delete 1 job
       *[other] Delete { $count } jobs
    }
bulk-submit-clear-failed-long =
    { $days ->
        [one] Delete { $count } (undo 1 day)
       *[other] Delete { $count } (undo { $days } days)
    }
bulk-lead-retry-all =
    { $count ->
        [one] *1 failed job*{ $scope } will go back to the queue.
       *[other] *{ $count } failed jobs*{ $scope } will go back to the queue.
    }
bulk-lead-clear-failed =
    { $count ->
        [one] *1 failed job*{ $scope } will be deleted without a retry.
       *[other] *{ $count } failed jobs*{ $scope } will be deleted without a retry.
    }
label-count = *Failed jobs:*
label-size = *Size:*
label-oldest = *Oldest:*
label-newest = *Newest:*
label-by-queue = *By queue*
label-by-error = *By error*
bulk-share = { $count } × { $name }
bulk-more-queues =
    { $count ->
        [one] and 1 more queue
       *[other] and { $count } more queues
    }
bulk-more-groups =
    { $count ->
        [one] and 1 more error group
       *[other] and { $count } more error groups
    }
bulk-note-retry-all = Many jobs at once put load on every service they call.
bulk-note-clear-failed =
    { $days ->
        [one] The bot's archive keeps copies for 1 day; an undo puts the failed jobs back.
       *[other] The bot's archive keeps copies for { $days } days; an undo puts the failed jobs back.
    }
bulk-note-frozen = Jobs that fail from now on are not included. You can confirm once, within 10 minutes.
bulk-indexing = ⚠️ The index of failures does not contain all older failures yet, so some failures are missing here.
bulk-type-count = Type { $count } to confirm
bulk-type-hint = The number of failed jobs that will be deleted.
bulk-nothing-retry-all = ✅ There is nothing to retry.
bulk-nothing-clear-failed = ✅ There is nothing to clear.
bulk-nothing-fits = ⚪ No failed job matches. Nothing was changed.
bulk-started-retry-all =
    { $count ->
        [one] Started: 1 failed job is going back to the queue. The progress is in the channel.
       *[other] Started: { $count } failed jobs are going back to the queue. The progress is in the channel.
    }
bulk-started-clear-failed =
    { $count ->
        [one] Started: deleting 1 failed job. The progress is in the channel.
       *[other] Started: deleting { $count } failed jobs. The progress is in the channel.
    }
progress-running-retry-all =
    { $total ->
        [one] 🔁 Retrying 1 failed job…
       *[other] 🔁 Retrying { $total } failed jobs…
    }
progress-running-clear-failed =
    { $total ->
        [one] 🗑️ Clearing 1 failed job…
       *[other] 🗑️ Clearing { $total } failed jobs…
    }
progress-cancelling-retry-all = ⏹️ Cancelling. Failed jobs retried so far: { $done } of { $total }.
progress-cancelling-clear-failed = ⏹️ Cancelling. Failed jobs cleared so far: { $done } of { $total }.
progress-done-retry-all =
    { $done ->
        [0] ⚪ Retried none of the failed jobs
        [one] ✅ Retried 1 failed job
       *[other] ✅ Retried { $done } failed jobs
    }
progress-done-clear-failed =
    { $done ->
        [0] ⚪ Cleared none of the failed jobs
        [one] ✅ Cleared 1 failed job
       *[other] ✅ Cleared { $done } failed jobs
    }
progress-cancelled-retry-all = ⏹️ Cancelled. Failed jobs retried: { $done } of { $total }. The remaining jobs were not changed.
progress-cancelled-clear-failed = ⏹️ Cancelled. Failed jobs cleared: { $done } of { $total }. The remaining jobs were not changed.
progress-stopped-retry-all = ⚠️ Stopped. Failed jobs retried: { $done } of { $total }. The remaining jobs were not changed.
progress-stopped-clear-failed = ⚠️ Stopped. Failed jobs cleared: { $done } of { $total }. The remaining jobs were not changed.
progress-bar = { $bar } { $percent }% · { $done } of { $total }
progress-refused =
    { $count ->
        [one] 1 failed job was not moved:
       *[other] { $count } failed jobs were not moved. The first:
    }
progress-skipped =
    { $count ->
        [one] 1 failed job was skipped: somebody had already removed or changed it.
       *[other] { $count } failed jobs were skipped: somebody had already removed or changed them.
    }
progress-reason = Reason: { $reason }
progress-by = By { $by } · duration { $age } · operation { $operation }
cancelled = ⏹️ Operation { $operation } stops after its current batch. Failed jobs changed so far: { $done } of { $total }. These changes stay.

## Approval by a second person
button-approve = Approve
button-decline = Decline
spoken-approve-id = Approve operation { $what }
spoken-decline-id = Decline operation { $what }
confirm-approve = Approve operation { $operation }?
confirm-approve-text = The bot will then { $what }.
approval-awaiting = ✋ { $by } asks for approval of operation { $operation }: { $what }.
approval-until = Another admin must approve the operation by { $at }, here or with { $command }. Jobs that fail from now on are not included.
approval-declined = 🚫 Operation { $operation } of { $by } was declined: { $what }. Nothing was changed.
approval-expired = ⌛ Nobody approved operation { $operation } of { $by } in time: { $what }. Nothing was changed.
approval-requested = ✋ Operation { $operation } waits for approval by another admin until { $at }: { $command }. The request is in the channel.
approved = ✅ You approved operation { $operation } of { $by }. Its progress is in the channel.
approved-by = ✅ { $who } approved operation { $operation } of { $by }.
declined = 🚫 You declined operation { $operation } of { $by }. Nothing was changed.
declined-by = 🚫 { $who } declined operation { $operation } of { $by }. Nothing was changed.
audit-approval-requested = { $who } asked for approval of operation { $operation }: { $what }
audit-approval-approve = { $who } approved operation { $operation } of { $by }: { $what }
audit-approval-decline = { $who } declined operation { $operation } of { $by }: { $what }
audit-approval-expired = Nobody approved operation { $operation } of { $by } in time: { $what }
outcome-requested = waits for approval
outcome-expired = not approved in time
help-approve = start a bulk change that another person asked for
help-decline = refuse a bulk change that waits for approval; operators can decline only their own
refusal-not-awaiting = Operation { $operation } does not wait for approval: somebody has already decided, or the request has expired. Nothing was changed
refusal-second-person-needed = Operation { $operation } is your own request, so another admin must approve it. Nothing was changed
refusal-second-person-needed-terminal = Operation { $operation } must be approved in Slack, because a terminal does not prove who you are. Nothing was changed
refusal-approval-pending = { $command } waits for approval: another admin must approve operation { $operation } in Slack. Nothing was changed yet
reason-not-awaiting = the operation did not wait for approval
reason-second-person-needed = a second person must approve the operation
reason-approval-pending = the operation waits for approval

## Outcomes of retries
retry-outcome-processed = ✅ Job { $id } was processed, { $age } after its retry.
retry-outcome-failed-same = 🔴 Job { $id } failed again with the same error, { $age } after its retry: it is failed job { $again } now.
retry-outcome-failed-again = 🔴 Job { $id } failed again, { $age } after its retry: it is failed job { $again } now.
retry-outcome-failed-otherwise = 🔴 Job { $id } failed again with another error, { $age } after its retry: it is failed job { $again } now.
retry-outcome-late = ⏳ Job { $id } is still in the queue, { $age } after its retry. Are its workers running?
retry-outcome-stopped-following = ⏳ Job { $id } is still in the queue, { $age } after its retry. The bot no longer tracks the job.
retry-outcome-no-longer-queued = ⚪ Job { $id } is no longer queued. The queue is too long to check whether the job runs later under another id.
retry-outcome-deleted = 🗑️ Job { $id } is no longer queued: it was deleted.
retry-outcome-deleted-by = 🗑️ Job { $id } is no longer queued: { $by } deleted it.
retry-outcome-taken-back = ↩️ Job { $id } is no longer queued: { $by } undid its retry.
retry-outcome-for = For { $by }
retry-outcome-word-waiting = ⏳ waiting
retry-outcome-word-late = ⏳ still waiting
retry-outcome-word-processed = ✅ processed
retry-outcome-word-failed-again = 🔴 failed again
retry-outcome-word-failed-otherwise = 🔴 failed with another error
retry-outcome-word-no-longer-queued = ⚪ no longer queued
retry-outcome-word-stopped-following = ⏳ no longer tracked
retry-outcomes-ended = All retried jobs have ended, { $age } after the start.
retry-outcomes-wait = Some retried jobs have not run yet, { $age } after the start.
retry-outcomes-look = All retried jobs have run, { $age } after the start. The bot still checks whether one of them failed.
retry-outcomes-stopped = Some retried jobs did not run within { $age } of the start. The bot no longer tracks these jobs.
canary-waiting =
    { $count ->
        [one] 🐤 The remaining jobs wait for the result of the first job:
       *[other]
            { $errors ->
                [one] 🐤 The remaining jobs wait for the results of the first { $count } jobs:
               *[other] 🐤 The remaining jobs wait for the results of the first { $count } jobs, from { $errors } errors:
            }
    }
canary-ended =
    { $count ->
        [one] 🐤 The first job:
       *[other]
            { $errors ->
                [one] 🐤 The first { $count } jobs:
               *[other] 🐤 The first { $count } jobs, from { $errors } errors:
            }
    }
retry-outcome-count-processed = ✅ { $count } processed
retry-outcome-count-failed-again = 🔴 { $count } failed again
retry-outcome-count-failed-otherwise = 🔴 { $count } failed with another error
retry-outcome-count-waiting = ⏳ { $count } waiting
retry-outcome-count-no-longer-queued = ⚪ { $count } no longer queued
retry-outcome-count-stopped-following = ⏳ { $count } no longer tracked

## Alerts
alert-open = 🔴 *Failed job { $id }*
alert-retried = 🔁 *Failed job { $id }*
alert-deleted = 🗑️ *Failed job { $id }*
alert-gone = ⚪ *Failed job { $id }*
settled-retried = Retried.
settled-retried-by = Retried by { $by }, { $at }.
settled-deleted = Deleted.
settled-deleted-by = Deleted by { $by }, { $at }.
settled-gone = The job is no longer in failed_jobs.
summary-lead =
    { $count ->
        [one] 🔴 *1 more job failed within a minute: too many for single alerts*
       *[other] 🔴 *{ $count } more jobs failed within a minute: too many for single alerts*
    }
summary-lead-settled =
    { $count ->
        [one] ⚪ *1 more job failed within a minute: too many for single alerts*
       *[other] ⚪ *{ $count } more jobs failed within a minute: too many for single alerts*
    }
summary-left =
    { $left ->
        [one] 1 of these jobs is still in failed_jobs.
       *[other] { $left } of these jobs are still in failed_jobs.
    }
summary-all-settled = All of these jobs were retried or deleted.
summary-span = from { $since } to { $until }

## Audit
audit-who = { $mark } { $who } · { $command }
audit-times = { $outcome } ×{ $count }
audit-folded =
    { $count ->
        [one] 1 more request of { $who } was refused within a minute
       *[other] { $count } more requests of { $who } were refused within a minute
    }
audit-more-refusals =
    { $count ->
        [one] 1 more refusal
       *[other] { $count } more refusals
    }
audit-target = { $row } ({ $more })
audit-more-targets =
    { $count ->
        [one] 1 more
       *[other] { $count } more
    }
audit-terminal = in the terminal
audit-home = in the app's Home
audit-background = by queue-bot
audit-link = message
audit-confirmed = { $who } confirmed operation { $operation }: { $what }
audit-tried = { $who } tried { $command }
audit-needs =
    { $any ->
        [1] needs { $needed }; has { $has }
       *[other] needs { $needed }; has no role
    }
audit-verified-links =
    { $count ->
        [one] The whole audit log was verified: 1 record is unchanged
       *[other] The whole audit log was verified: { $count } records are unchanged
    }
audit-verified-faults =
    { $count ->
        [one] *The audit log was changed:* the daily verification found 1 fault
       *[other] *The audit log was changed:* the daily verification found { $count } faults
    }
audit-did = { $who } ran { $command }
audit-did-to = { $who } ran { $command } on { $what }
audit-did-retry = { $who } retried { $what }
audit-did-failed-job = { $who } saw personal data of failed job { $what }
audit-did-job = { $who } saw personal data of job { $what }
audit-did-delete = { $who } deleted { $what }
audit-did-delete-failed = { $who } deleted { $what }
audit-did-release = { $who } released { $what }
audit-did-undo = { $who } put back { $what }
audit-did-freeze = { $who } froze all changes: { $what }
audit-did-audit-key = { $who } changed the key of the audit log: { $what }
audit-did-audit-purge = { $who } summed up and deleted old refusals: { $what }
audit-did-unfreeze = { $who } allowed changes again
audit-did-acknowledge = { $who } acknowledged incident { $what }
audit-did-mute = { $who } muted { $what }
audit-did-unmute = { $who } ended the mute of { $what }
audit-did-cancel = { $who } cancelled operation { $what }
audit-plan-retried =
    { $count ->
        [one] retry 1 failed job{ $scope }
       *[other] retry { $count } failed jobs{ $scope }
    }
audit-moved-retried =
    { $total ->
        [one] retried { $done } of 1 failed job
       *[other] retried { $done } of { $total } failed jobs
    }
audit-plan-deleted =
    { $count ->
        [one] delete 1 failed job{ $scope }
       *[other] delete { $count } failed jobs{ $scope }
    }
audit-moved-deleted =
    { $total ->
        [one] deleted { $done } of 1 failed job
       *[other] deleted { $done } of { $total } failed jobs
    }
audit-plan-undone =
    { $count ->
        [one] put back 1 failed job{ $scope }
       *[other] put back { $count } failed jobs{ $scope }
    }
audit-moved-undone =
    { $total ->
        [one] put back { $done } of 1 failed job
       *[other] put back { $done } of { $total } failed jobs
    }
audit-plan-other =
    { $count ->
        [one] 1 failed job{ $scope }
       *[other] { $count } failed jobs{ $scope }
    }
audit-moved-other = { $done } of { $total }
audit-scope-error = { " " }of { $error }
audit-scope-incident =
    { $older ->
        [0] { " " }of { $incident }
       *[other] { " " }of { $incident } and older failed jobs with the same error
    }
audit-with-canary = canary { $count }
audit-with-rate = rate { $count }/min
audit-without-copies = no copies kept
audit-ended-done = Operation { $operation } of { $who } finished: { $what }
audit-ended-cancelled = Operation { $operation } of { $who } was cancelled: { $what }
audit-ended-stopped = Operation { $operation } of { $who } stopped: { $what }
audit-skipped = { $count } skipped
record-name = Audit record #{ $number }
label-at = *When:*
label-role = *Role:*
label-place = *Where:*
label-outcome = *Outcome:*
label-answer = *Answer:*
label-request = *Request:*
label-hash = *Hash:*
label-version = *Version and replica:*
label-arguments = *Arguments*
target-failed = failed job { $id }
target-job = job { $id }
outcome-ok = done
outcome-denied = denied
outcome-refused = refused
outcome-no-op = nothing to do
outcome-failed = failed
outcome-unknown = outcome unknown
outcome-started = started
outcome-done = finished
outcome-cancelled = cancelled
outcome-stopped = stopped
possible-repeat = (possibly posted twice: Slack did not confirm the first message)
message-given-up =
    { $count ->
        [one] ⚠️ Slack refused a message of queue-bot for <#{ $channel }> once ({ $reason }). The bot dropped the message, so that the next messages are posted. The bot's log calls it outbox message { $message }.
       *[other] ⚠️ Slack refused a message of queue-bot for <#{ $channel }> { $count } times ({ $reason }). The bot dropped the message, so that the next messages are posted. The bot's log calls it outbox message { $message }.
    }
audit-missing = ⚠️ Audit records that are missing from the database: { $records }. Run { $verify } to check the other records.
audit-untold = Slack refused the message about these audit records: { $records }. { $tail } shows the records.
channel-unreachable = ⚠️ queue-bot cannot post in <#{ $channel }> ({ $reason }). The messages for this channel wait. Invite the bot to the channel, or choose another channel.
channel-unreachable-alerts = ⚠️ queue-bot cannot post in <#{ $channel }> ({ $reason }). Until somebody fixes this, the bot posts the alerts of that channel here. Invite the bot to that channel, or choose another channel.
health-undelivered = ⚠️ { $channel }: { $count ->
        [one] 1 message is
       *[other] { $count } messages are
    } not delivered yet; the oldest has waited for { $age }.
health-undelivered-because = ⚠️ { $channel }: { $count ->
        [one] 1 message is
       *[other] { $count } messages are
    } not delivered yet; the oldest has waited for { $age }. Slack's error: { $error }.
history-title = *History*, newest first
history-none = No change and no refusal is recorded yet.

## Orders and history
find-title = *Order*
find-title-subject = *{ $name }*
find-now = Now: { $what }
find-now-least = Now, at least: { $what }
find-now-unknown = Now: none of the newest failures is still in failed_jobs; the search found no job in the queue.
find-now-nowhere = Now: the search found neither a failed job nor a job in the queue.
find-now-failed = { $count } failed
find-now-pending = { $count } available
find-now-delayed = { $count } delayed
find-now-reserved = { $count } reserved
find-failed = ❌ *Failed job { $id }*
find-failed-then = ▫️ failed job { $id }
find-gone = ▫️ failed job { $id } was removed without this bot
find-became-job = { $row } → job { $job }
find-bulk = bulk change { $operation }
find-kept = the archive still has a copy
find-earlier =
    { $count ->
        [one] … and 1 earlier event
       *[other] … and { $count } earlier events
    }
find-earlier-more =
    { $count ->
        [0] … and earlier events
        [one] … and more than 1 earlier event
       *[other] … and more than { $count } earlier events
    }
find-looked-all =
    { $count ->
        [0] Searched the index of failures and the audit log; there are no jobs in the queue.
        [one] Searched the only job in the queue, the index of failures and the audit log.
       *[other] Searched all { $count } jobs in the queue, the index of failures and the audit log.
    }
find-looked-newest =
    { $newest ->
        [one] Searched the index of failures, the audit log, and only the newest job in the queue.
       *[other] Searched the index of failures, the audit log, and only the newest { $newest } jobs in the queue.
    }
find-looked-ends = Searched the index of failures, the audit log, and only part of the queue: the newest jobs ({ $newest }) and the oldest ones ({ $oldest }).
find-looked-of =
    { $count ->
        [one] The queue has about 1 job.
       *[other] The queue has about { $count } jobs.
    }
find-looked-time = ⏱️ The search reached its time limit: some results may be missing.
find-jobs-more = Only the newest jobs in the queue are shown: there are more.
find-none = There is no job and no record of this order.
find-none-hint = Write the order exactly as in the payload, with the same capital letters. The bot keeps removed failures for 30 days.
find-none-subject = There is no job and no record of { $subject }.
find-none-hint-subject = Write the value exactly as in the payload, with the same capital letters. The bot keeps removed failures for 30 days.
find-indexing = ⏳ The index of failures does not contain all older failures yet: some failures may be missing.
fate-as = { $word } (failed job { $id })
fate-by = { $word } ({ $how } by { $by })
fate-unknown = outcome unknown
retries =
    { $count ->
        [one] Retried once: { $who }.
       *[other] Retried { $count } times: { $who }.
    }
retries-least =
    { $count ->
        [one] Retried at least once: { $who }.
       *[other] Retried at least { $count } times: { $who }.
    }
retries-by = { $who } { $count }
retries-last = Last outcome: { $became }.
history-none-here = No record matches.
history-narrow = There may be older records. To narrow the list: { $filters }
history-record = All details of a record: { $command }
button-older = Older records
button-order = Show order
link-logs = Logs of this job
button-subject = Show { $name } { $value }
help-find = everything about one order, or about a shop
help-find-subjects = everything about one of these: { $subjects }
problem-one-order = Exactly one order is needed
problem-one-subject = Give exactly one of these: { $expected }

## People and help
whoami-role = You are { $who }; your role is *{ $role }*.
whoami-rule = The role comes from the rule { $rule }.
whoami-none = No rule gives you a role.
whoami-changes-here = Your role's changes are allowed here.
whoami-changes-elsewhere = Changes are not allowed here, only in { $channels }.
whoami-changes-nowhere = Changes are not allowed in any channel.
whoami-may = You may run: { $commands }
help-title = *What you can do*
help-row = { $usage } — { $what }
help-foot = You can type several ids in place of ID…: { $ids }. Put a value with spaces in quotes: { $quoted }.
help-other = a command without a description
help-group-view = *View*
help-group-change = *Retry and delete*
help-group-alerts = *Alerts*
help-group-administration = *Administration*
help-more = Details and examples of a command: { $example }
help-examples = *Examples*
help-aliases = Other names: { $names }
help-role = Lowest role: { $role }
help-pages = limit= is the number of rows that the bot reads. A message in Slack shows { $rows } of these rows; the terminal shows all of them.
help-status = job counts for each queue, and the oldest waiting job
help-jobs = jobs in the queue
help-failed = jobs that failed permanently
help-job = details of one job
help-failed-job = details of one failed job, with its exception
help-retry = move failed jobs back to the queue
help-retry-all = move all failed jobs back to the queue, after a preview
help-delete = delete jobs from the queue
help-delete-failed = delete failed jobs without a retry
help-clear-failed = delete all failed jobs, after a preview
help-cancel = cancel a bulk change after its current batch; operators can cancel only their own
help-history = changes and refused commands, and who ran them
help-whoami = your role here, and the rule that gives it
help-help = all commands, or one with its usage and examples

## Answers of the app itself
working = ⏳ This takes a moment; the answer follows here.
not-known-yet = ⏳ The bot does not know yet whether the change was made. The answer will appear here and in the audit channel. Please do not click or type again.
modal-result = Result
modal-close = Close
modal-too-late = Slack took too long to open the dialog. Nothing was changed; please try again.

## Refusals: sentences without a full stop, as the queue's API words them
refusal-lead = { $mark } { $sentence }.
refusal-question = { $mark } { $sentence }
refusal-times-off =
    { $direction ->
        [earlier] Failures cannot be filtered by time: failed_at of new failures is { $offset } too early. Nothing was changed. Set QUEUE_BOT_TIME_ZONE to the time zone in which the workers write failed_at
       *[later] Failures cannot be filtered by time: failed_at of new failures is { $offset } too late. Nothing was changed. Set QUEUE_BOT_TIME_ZONE to the time zone in which the workers write failed_at
    }
refusal-refused = The command was refused: { $code }
refusal-usage = Usage: { $usage }
refusal-holders =
    { $more ->
        [0] Who can: { $names }
       *[other] Who can: { $names } and { $more } more
    }
refusal-holders-none = Nobody has this role yet.
refusal-ask =
    { $more ->
        [0] For the role { $role }, ask { $names }.
       *[other] For the role { $role }, ask { $names } or { $more } more.
    }
refusal-channels =
    { $more ->
        [0] Changes are allowed in: { $names }
       *[other] Changes are allowed in: { $names } and { $more } more
    }
refusal-channels-none = No channel allows changes yet.
refusal-queues = Queues that the bot may change: { $queues }
refusal-unknown-command = There is no command { $word }. Did you mean { $nearest }?
refusal-person-ambiguous = Several people are called { $name }: { $people }. Mention one of them with @
refusal-person-not-found = Nobody called { $name } is known here. Mention the person, as in user=@ana
refusal-denied = Not allowed: this needs the role { $needed }, { $has ->
        [none] and you have no role
       *[other] yours is { $has }
    }. Nothing was changed
refusal-denied-many = Not allowed: these are { $total } failed jobs. To retry more than { $most } at once, you need the role { $needed }; yours is { $has }. Nothing was changed. With limit={ $most } you can retry the oldest { $most } of these jobs
refusal-denied-recent = Not allowed: you have already retried { $recent } failed jobs, and the role { $has } may retry { $most } in { $minutes } min. To retry { $total } more, you need the role { $needed }. Nothing was changed
refusal-not-member = Not allowed: { $why }. Nothing was changed
not-member-foreign = the account belongs to another workspace
not-member-deactivated = the account is deactivated
not-member-bot = bots may not use this
not-member-guest = guests may not use this
not-member-other = the account is not a full member of this workspace
refusal-wrong-channel =
    { $place ->
        [shared] Changes are not allowed in a channel shared with another company. Nothing was changed
       *[other] Changes are not allowed here. Nothing was changed
    }
refusal-wrong-queue = The bot may not change the queue { $queue }. Nothing was changed
refusal-wrong-queue-all = The command is for all queues, but the bot may change only some queues. Nothing was changed; please name one queue with queue=
refusal-unverifiable = Your role cannot be verified, because Slack did not answer. Nothing was changed; please try again in a minute
refusal-job-not-found = Job { $id } not found: it was already processed or moved to failed
refusal-job-not-found-retried = Job { $id } not found: it was already retried by { $by } at { $at }
refusal-job-not-found-deleted = Job { $id } not found: it was already deleted by { $by } at { $at }
refusal-job-not-found-undone = Job { $id } not found: { $by } undid its retry at { $at }
refusal-failed-job-not-found = No failed job { $id }
refusal-failed-job-not-found-retried = Failed job { $id } not found: it was already retried by { $by } at { $at }
refusal-failed-job-not-found-deleted = Failed job { $id } not found: it was already deleted by { $by } at { $at }
refusal-maybe-order = An order? { $command }
refusal-maybe-subject = Is it { $subject }? { $command }
refusal-changed = Job { $id } is no longer the job that was shown. Job { $id } was not changed; refresh the list and try again
refusal-plan-expired =
    { $action ->
        [cancel] This operation is no longer running
       *[other] This confirmation has expired or was used already. Nothing was changed; please start again
    }
refusal-count-mismatch = You did not type { $expected }, the number that was shown. Nothing was changed
refusal-nothing-to-do = Nothing was changed
refusal-operation-running = { $by } is already running { $command } on the same queue. Nothing was changed; please wait until that operation ends
refusal-still-running = { $command } has not ended in this terminal. Done at the last check: { $done } of { $total }. A running bot resumes operation { $operation }
refusal-unfinished = { $command } ended early. Done: { $done } of { $total }. The remaining jobs were not changed
refusal-request-id-used = This request id was used for another request. Nothing was changed; please choose another id
refusal-too-many =
    { $most ->
        [one] You sent more than 1 command in a minute. Nothing was changed; please try again in { $seconds } s
       *[other] You sent more than { $most } commands in a minute. Nothing was changed; please try again in { $seconds } s
    }
refusal-too-many-previews =
    { $most ->
        [one] You requested more than 1 preview in a minute. Nothing was changed; please try again in { $seconds } s
       *[other] You requested more than { $most } previews in a minute. Nothing was changed; please try again in { $seconds } s
    }
refusal-busy = The database is busy. Nothing was changed; please try again
refusal-database-down = The database cannot be reached. Nothing was changed
refusal-outcome-unknown = The database did not confirm whether the change was made. Please check the queue before you try again. The same request never runs twice
refusal-audit-key-missing = This replica does not hold the key of the audit log, so changes are off. Nothing was changed
refusal-read-only = Changes are off: the database does not allow them now. Nothing was changed
bug =
    { $nothing_changed ->
        [1] ⚠️ The bot had an internal error. Nothing was changed. The bot's log has the error as { $bug }.
       *[other] ⚠️ The bot had an internal error. Please check the queue before you try again. The bot's log has the error as { $bug }.
    }

## Reasons in a few words, for the audit
reason-refused = refused
reason-unknown-command = no such command
reason-invalid = invalid arguments
reason-denied = missing role
reason-not-member = not a full member of the workspace
reason-wrong-channel = changes are not allowed in that channel
reason-wrong-queue = the bot may not change that queue
reason-unverifiable = the role could not be verified
reason-job-not-found = job not found
reason-failed-job-not-found = failed job not found
reason-changed = the row had changed
reason-plan-expired = the confirmation had expired
reason-count-mismatch = another number was typed
reason-nothing-to-do = nothing to do
reason-operation-running = another bulk change was running
reason-unfinished = ended early
reason-still-running = the operation was still running
reason-canary-failed = one of the first jobs failed again
reason-canary-silent = the first jobs were not processed in time: are the workers running?
reason-canary-gone = one of the first jobs was removed
reason-batch-failed = a batch failed; the log has the reason
reason-request-id-used = another request had this request id
reason-too-many = too many requests in a minute
reason-busy = the database was busy
reason-database-down = the database could not be reached
reason-outcome-unknown = the database did not confirm
reason-audit-key-missing = the key of the audit log was missing
reason-read-only = changes were off

## Error groups
button-retry-group = Retry group…
scope-since = { " " }since { $at }
errors-title = *Errors*{ $scope }, most failed jobs first
errors-none = ✅ No errors{ $scope }.
errors-period = The bot counts failures by the hour, and beyond 24 h by the day. These counts begin at { $since }, not at { $asked }.
errors-totals = Failed jobs: { $failed } · Error groups: { $groups }
errors-indexing = ⚠️ The index of failures does not contain all older failures yet, so some failures are missing here.
error-row = *{ $error }*
error-title = *Error group { $error }*
error-name = Error group { $error }
error-failed =
    { $count ->
        [0] no failed jobs
        [one] 1 failed job
       *[other] { $count } failed jobs
    }
error-appeared =
    { $count ->
        [one] 1 failure in this period
       *[other] { $count } failures in this period
    }
error-queue = { $queue } ({ $count })
error-more-queues =
    { $count ->
        [one] and 1 more queue
       *[other] and { $count } more queues
    }
error-first = first failure { $at }
error-last = last failure { $at }
error-orders =
    { $count ->
        [one] order { $orders }
       *[other] orders { $orders }
    }
error-bleeding =
    { $count ->
        [one] 🔴 still failing: 1 failure in the last { $minutes } min
       *[other] 🔴 still failing: { $count } failures in the last { $minutes } min
    }
error-bleeding-many = 🔴 still failing: { $count } or more failures in the last { $minutes } min
error-pile = ⚪ no new failure for { $age }
error-bar = failures in the last { $hours } h: { $bar } { $count }
error-hours = failures in the last { $hours } h: { $count } (by hour: { $figures })
label-seen = *Seen:*
label-orders = *Orders of the newest failed jobs:*
label-subjects = *Subjects of the newest failed jobs:*
label-in-common = *Common text of the errors*
label-example = *The newest exception* (secrets masked)
label-newest-failures = *Newest failed jobs of this group*
error-none-left = None of the newest failures of this group is still in failed_jobs.
help-errors = failures by cause, and whether they still happen
help-doctor = check the settings, Slack, the database and the bot's work; says what to do
help-error = details of one error group
refusal-error-group-not-found = There is no error group { $id }: its failures were removed, or it never existed
reason-error-group-not-found = error group not found
problem-group = { $value } is not an error group like E12
problem-since = { $field } can be at most { $value }: earlier hours are not stored separately

## What is wrong with an argument
problem-unknown-key = There is no argument { $field }
problem-twice = { $field } is given twice
problem-extra-word = { $value } is one word too many
problem-too-long = The command is too long: at most { $expected } characters are allowed
problem-quote = A quotation mark is not closed
problem-missing = An argument is missing: { $field }
problem-less_than_equal = { $field } can be at most { $expected }, not { $value }
problem-greater_than_equal = { $field } must be at least { $expected }, not { $value }
problem-literal_error = { $field } must be { $expected }, not { $value }
problem-int_parsing = { $field } must be a whole number, not { $value }
problem-string_too_long = { $field } is too long
problem-id = { $value } is not an id
problem-id-zero = Ids begin at 1
problem-id-group = Did you mean { $value }?
problem-range = { $value } is not a range of at most 20 ids
problem-range-many = { $value } is not a range of at most 1000 ids
problem-count = One to 20 ids are possible at once, not { $value }
problem-count-many = One to 1000 ids are possible at once, not { $value }
problem-one = Exactly one id is needed
problem-no-value = { $field } needs a value
problem-bool_parsing = { $field } must be yes or no, not { $value }
problem-age = { $value } is not a length of time like 30m, 12h or 7d
problem-period = { $value } is not a time like 30m, 24h, yesterday or monday
problem-old-button = This button is from another version of the bot. Please ask for the list again
problem-other = { $field } cannot be { $value }

### Choosing what a bulk change is about, and how it goes
scope-error = { " " }with the error { $error }
scope-incident = { " " }of incident { $incident }
scope-order = { " " }of order { $order }
scope-tienda = { " " }of shop { $tienda }
scope-subject = { " " }of { $subject }
scope-after = { " " }that failed at { $at } or later
scope-limit = { " " }(at most { $count }, the oldest first)
scope-between = { " " }that failed from { $from } until before { $at }
bulk-title-retry = Retry failed jobs
bulk-submit-retry = Retry { $count }
bulk-submit-retry-long =
    { $count ->
        [one] Retry 1 job
       *[other] Retry { $count } jobs
    }
label-samples = *The newest jobs*
bulk-submit-chosen = Retry
bulk-older = Which failed jobs to retry?
bulk-older-without =
    { $count ->
        [one] Only failed jobs of the incident: 1 job
       *[other] Only failed jobs of the incident: { $count } jobs
    }
bulk-older-with =
    { $count ->
        [one] Also older failed jobs of the error: 1 job
       *[other] Also older failed jobs of the error: { $count } jobs
    }
bulk-older-count =
    { $count ->
        [one] 1 older failed job has the same error. The incident does not include that job.
       *[other] { $count } older failed jobs have the same error. The incident does not include those jobs.
    }
bulk-rate = Rate
bulk-rate-option =
    { $count ->
        [0] No limit: as fast as the workers
        [one] 1 job a minute
       *[other] { $count } jobs a minute
    }
bulk-canary = Retry some jobs first?
bulk-canary-option =
    { $count ->
        [0] No, retry all jobs at once
        [one]
            { $source ->
                [largest] 1 job first (of the largest of { $errors } errors), the rest if it is processed
               *[one] 1 job first, the rest if this job is processed
            }
       *[other]
            { $source ->
                [largest] { $count } jobs first (of the { $count } largest of { $errors } errors), then the rest
                [each] { $count } jobs first (from all { $errors } errors), the rest if these are processed
               *[one] { $count } jobs first, the rest if these are processed
            }
    }
bulk-note-rate =
    { $count ->
        [one] At most 1 job a minute: the last job starts after { $age }.
       *[other] At most { $count } jobs a minute: the last job starts after { $age }.
    }
bulk-note-canary =
    { $count ->
        [one]
            { $source ->
                [largest] 1 job of the largest of { $errors } errors is retried first. The remaining jobs follow only if this job is processed.
               *[one] 1 job is retried first. The remaining jobs follow only if this job is processed.
            }
       *[other]
            { $source ->
                [largest] { $count } jobs are retried first, one of each of the { $count } largest of { $errors } errors. The remaining jobs follow only if these jobs are processed.
                [each] { $count } jobs are retried first, from all { $errors } errors. The remaining jobs follow only if these jobs are processed.
               *[one] { $count } jobs are retried first. The remaining jobs follow only if these jobs are processed.
            }
    }
bulk-queued =
    { $count ->
        [one] ⚠️ The order of 1 of these failed jobs already has a job in the queue: { $orders }
       *[other] ⚠️ The orders of { $count } of these failed jobs already have a job in the queue: { $orders }
    }
bulk-processed-later =
    { $count ->
        [one] ⚠️ A retried job has already processed the order of 1 of these failed jobs: { $orders }
       *[other] ⚠️ Retried jobs have already processed the orders of { $count } of these failed jobs: { $orders }
    }
bulk-queued-subject =
    { $count ->
        [one] ⚠️ 1 of these failed jobs has the same { $name } as a job in the queue: { $values }
       *[other] ⚠️ { $count } of these failed jobs have the same { $name } as a job in the queue: { $values }
    }
bulk-processed-later-subject =
    { $count ->
        [one] ⚠️ 1 of these failed jobs has the same { $name } as a retried job that was processed later: { $values }
       *[other] ⚠️ { $count } of these failed jobs have the same { $name } as a retried job that was processed later: { $values }
    }
bulk-identical =
    { $count ->
        [one] ⚠️ 1 of these jobs has the same payload as another of these jobs.
       *[other] ⚠️ { $count } of these jobs have the same payload as another of these jobs.
    }
bulk-duplicates-bounded = Only the newest jobs were checked for duplicates.
bulk-children = ⚠️ The database also deletes or changes the rows of { $tables } that refer to these jobs. An undo does not restore those rows.
bulk-note-codeigniter_queue = Each job keeps its priority. The bot skips jobs of other handlers, such as redis, and names these jobs.
bulk-note-laravel = If the deadline of a job (retryUntil) has passed, the retry sets a new deadline of the same duration, or removes the deadline. The bot skips jobs of other connections and names these jobs.
bulk-batch-cancelled =
    { $count ->
        [one] ⚠️ 1 of these jobs belongs to a cancelled batch: the worker will end the job without work.
       *[other] ⚠️ { $count } of these jobs belong to cancelled batches: the workers will end these jobs without work.
    }
bulk-batch-unfinished =
    { $count ->
        [one] ⚠️ 1 of these jobs belongs to a batch that is not finished. The batch never finishes without this job.
       *[other] ⚠️ { $count } of these jobs belong to batches that are not finished. These batches never finish without these jobs.
    }
bulk-batches-unknown = The batches of these jobs were not checked, because the check took too long.
progress-attempts =
    { $count ->
        [one] The attempts in the payload of 1 job are 0 again.
       *[other] The attempts in the payloads of { $count } jobs are 0 again.
    }
progress-deadline-moved =
    { $count ->
        [one] The deadline (retryUntil) of 1 job had passed. The retry set a new deadline: the job has as much time as after its creation.
       *[other] The deadlines (retryUntil) of { $count } jobs had passed. The retry set new deadlines: each job has as much time as after its creation.
    }
progress-deadline-removed =
    { $count ->
        [one] The deadline (retryUntil) of 1 job had passed. The retry removed it, because the payload does not say when the job was created.
       *[other] The deadlines (retryUntil) of { $count } jobs had passed. The retry removed them, because the payloads do not say when the jobs were created.
    }
bulk-final = ⚠️ *No copies are kept:* this cannot be undone.
bulk-ids-missing =
    { $count ->
        [one] ⚠️ 1 of the ids is not included: it is no longer a failed job, or does not match the other filters.
       *[other] ⚠️ { $count } of the ids are not included: they are no longer failed jobs, or do not match the other filters.
    }
progress-rate =
    { $count ->
        [one] At most 1 job a minute starts.
       *[other] At most { $count } jobs a minute start.
    }
problem-retry-what = Name what to retry: ids like 45 46 50-60, or incident=I12, error=E12, queue=, before=, after=, or a subject: { $expected }. To retry everything, use retry-all
problem-canary-of-one = A canary needs several jobs, and only 1 job matches. Retry this job without canary=
problem-when = { $value } is not a time like 2h, yesterday, 2025-11-07 or 2025-11-07T17:45
problem-rate = { $value } is not a rate like 60/min, 10/s or 600/h

### The digest
help-digest = processed and failed jobs since the last digest, and active incidents
digest-title = *Digest of { $day }*
digest-title-days = *Digest of { $first } to { $last }*
digest-zone = Days in the time zone { $zone }.
digest-unknown = unknown
digest-count = { $count }
digest-at-least = at least { $count }
digest-change = { $change } compared with the week before ({ $before })
digest-before = week before: { $before }
digest-before-at-least = week before: at least { $before }
digest-change-unknown = week before: –
digest-label-processed = *Processed*
digest-label-failed = *Failed*
digest-label-retried = *Retried*
digest-label-deleted = *Deleted*
digest-deed = { $who } { $count }
digest-others =
    { $count ->
        [one] 1 other person
       *[other] { $count } other people
    }
digest-label-slow = *Longest waits*
digest-waited = { $at }: a job in { $queue } had waited { $age }
digest-backlog = { $at }: { $count } pending jobs, the highest number
digest-nothing-slow = No job waited.
digest-label-incidents = *Incidents*
digest-opened =
    { $count ->
        [0] none triggered in this period
        [one] 1 triggered in this period
       *[other] { $count } triggered in this period
    }
digest-opened-more = more than { $count } triggered
digest-over =
    { $count ->
        [one] 1 of these resolved, after { $age }
       *[other] { $count } of these resolved, half of the resolved incidents within { $age }
    }
digest-open-now =
    { $count ->
        [0] none active now
        [one] 1 active now
       *[other] { $count } active now
    }
digest-lasted = { $name } lasted { $age }
digest-open-for = { $name }: active since { $at }
digest-incident = { $id } { $what }
digest-rule-new_failures = new failures
digest-rule-summary = many failures at once
digest-rule-oldest_job = oldest job waited too long
digest-rule-stuck_jobs = job reserved for too long
digest-rule-failed_count = many failed jobs
digest-rule-backlog_growth = backlog growing
digest-rule-no_worker_activity = no worker activity
digest-rule-background_problem = a problem of queue-bot itself
digest-label-errors = *Error groups with failed jobs*
digest-errors =
    { $groups ->
        [0] none
        [one] 1, failed jobs: { $failed }
       *[other] { $groups }, failed jobs: { $failed }; the largest:
    }
digest-error = *{ $error }* { $count }
digest-gap = No samples for { $age }: counts that are based on samples are incomplete.
digest-no-samples = There are no samples for these days.
digest-began = Monitoring started { $at }; there is no data before that.

### The chart

chart-none = No data for this period yet. A running bot takes a sample every few seconds.
chart-day-title =
    { $hours ->
        [one] *Last hour*
       *[other] *Last { $hours } hours*
    }
chart-day-pending = pending jobs, at most { $count }
chart-day-processed = processed jobs, about { $count }
chart-day-processed-unknown = processed jobs: unknown
chart-day-failures = new failures: { $count }
chart-missing = No data for { $age } of this period.
chart-title-day = *The last 24 hours*: { $scope }
chart-title-week = *The last 7 days*: { $scope }
chart-all = all queues
chart-queued = Jobs in the queue
chart-failures = New failures
chart-bars-processed = processed jobs, at most { $most } per bar
chart-bars-failed = failed jobs, at most { $most }
chart-bars-oldest = oldest waiting job, at most { $most }
chart-axis = { $zone }
chart-series-pending = pending
chart-series-reserved = reserved
chart-series-failures = new failures
chart-line = { $at }: { $figures }
chart-line-gap = { $at }: no data
chart-part-pending = pending { $count }
chart-part-reserved = reserved { $count }
chart-part-failed = failed { $count }
chart-part-processed = processed { $count }
chart-part-failures = new failures { $count }
chart-part-oldest = oldest { $age }
chart-sum-processed = about { $count } processed
chart-sum-failures = new failures: { $count }
chart-most-pending = highest number of pending jobs: { $count }
chart-most-oldest = highest age of the oldest job: { $age }
chart-processed-unknown = The number of processed jobs is not known for the whole period, because the table's counter does not show it.
chart-processed-of-all = The number of processed jobs is known only for all queues together.
chart-how = Pending, reserved and failed: the highest number of each interval. Processed: about the number of jobs that left the queue without failing. Times: { $zone }.
help-chart = the last 24 hours or 7 days as charts
problem-span = { $value } is not a period of the chart: 24h or 7d



### App Home
home-title = Queue dashboard
welcome = 👋 *Welcome, { $who }.* This page shows the problems of the queue first, then its totals and its failed jobs.
welcome-viewer = Your role is *viewer*: you may view jobs, failures, alerts and the history of changes.
welcome-operator = Your role is *operator*: you may view everything, retry failed jobs, undo your changes, and acknowledge, assign and mute alerts.
welcome-admin = Your role is *admin*: you may view and retry everything, delete jobs, and freeze changes.
welcome-alerts = Alerts are posted in <#{ $channel }>.
welcome-changes = Changes are allowed in: { $places }
welcome-home = this page
welcome-help = { $command } lists your commands. In a direct message with the bot, type a command without the slash: help
home-wrong =
    { $count ->
        [one] 🔴 1 active incident
       *[other] 🔴 { $count } active incidents
    }
home-look = 🟠 No active incidents, but check the warnings below
home-unwell = 🟠 No active incidents, but queue-bot itself has a problem
home-well = 🟢 No active incidents
home-as-of = Data from { $at }
home-role = your role: { $role }
home-counted = totals counted at { $at }
home-refresh = Refresh
home-unfreeze = Unfreeze
home-acknowledge = Acknowledge
home-incident = 🔴 *{ $id }* { $what }
home-incident-known = 🟠 *{ $id }* { $what }
home-rule-new_failures = New failures
home-rule-summary = Many failures in a short time
home-since = since { $at }
home-failures =
    { $count ->
        [one] 1 failed job, { $left } not retried yet
       *[other] { $count } failed jobs, { $left } not retried yet
    }
home-more-incidents =
    { $count ->
        [one] 1 more incident is active.
       *[other] { $count } more incidents are active.
    }
home-oldest-label = *Oldest waiting job*
home-failed-label = *Failed*
home-available-label = *Available*
home-reserved-label = *Reserved*
home-delayed-label = *Delayed*
home-groups-label = *Error groups*
home-oldest = { $age } · { $queue }
home-oldest-late = ⚠️ { $age } · { $queue }
home-none-waits = ✅ none
home-some = { $count }
home-many = ⚠️ { $count }
home-late-note = ⚠️ An available job has waited for over { $limit }: are the workers running?
home-uncounted = ❓ The totals are not known yet: the tables are large, and the first count runs in the background.
home-queues = Queues
home-queue = { $queue }
home-queue-late = { $queue } ⚠️ oldest waiting job: { $age }
home-day = Last 24 hours
home-errors = Errors, most failed jobs first
home-failed = Failed jobs, newest first
home-queue-available = { $count } available
home-queue-reserved = { $count } reserved
home-queue-delayed = { $count } delayed
home-errors-late = ❓ The error groups could not be read in time. Refresh to try again.
home-failed-late = ❓ The failed jobs could not be read in time. Refresh to try again.

### What is watched besides failures

rule-oldest-job = ⏳ *{ $queue }:* the oldest job has been waiting for { $age }; the limit is { $limit }.
rule-oldest-job-over = ⏳ *{ $queue }:* no job is waiting.
rule-no-worker-activity = 🔕 *{ $queue }:* workers have stopped taking jobs. No job started or finished for { $age }.
rule-worker-pool =
    { $count ->
        [one] 🔕 *1 queue:* workers have stopped taking jobs.
       *[other] 🔕 *{ $count } queues:* workers have stopped taking jobs.
    }
rule-worker-pool-over =
    { $count ->
        [one] 🔕 *1 queue:* workers had stopped taking jobs, and now take jobs again.
       *[other] 🔕 *{ $count } queues:* workers had stopped taking jobs, and now take jobs again.
    }
rule-worker-pool-queue =
    { $count ->
        [one] • *{ $queue }:* no job started or finished for { $age }; 1 job waits
       *[other] • *{ $queue }:* no job started or finished for { $age }; { $count } jobs wait
    }
rule-worker-pool-queue-over =
    { $count ->
        [0] • *{ $queue }:* no job is waiting
        [one] • *{ $queue }:* workers take jobs again; 1 job waits
       *[other] • *{ $queue }:* workers take jobs again; { $count } jobs wait
    }
rule-no-worker-activity-over = 🔕 *{ $queue }:* workers had stopped taking jobs, and now take jobs again.
rule-no-worker-activity-empty = 🔕 *{ $queue }:* workers had stopped taking jobs, and now no job is waiting.
rule-no-worker-activity-oldest = The oldest job has been waiting for { $age }.
rule-waiting =
    { $counted ->
        [exact] { $count ->
            [one] 1 job is waiting.
           *[other] { $count } jobs are waiting.
        }
        [about] { $count ->
            [one] About 1 job is waiting.
           *[other] About { $count } jobs are waiting.
        }
       *[least] { $count ->
            [one] At least 1 job is waiting; the queue is too long to scan in full.
           *[other] At least { $count } jobs are waiting; the queue is too long to scan in full.
        }
    }
rule-workers-still = No job started or finished for { $age }.
rule-workers-slow = The workers are active (last activity { $age } ago), but too slow: add workers or make the jobs faster.
rule-workers-moving = The workers are active (last activity { $age } ago).
rule-workers-busy =
    { $count ->
        [one] The workers are busy with 1 job.
       *[other] The workers are busy with { $count } jobs.
    }
rule-workers-unknown = Checking whether workers are active …
rule-stuck-jobs =
    { $counted ->
        [exact] { $count ->
            [one] 🔒 *{ $queue }:* 1 job has been reserved for more than { $limit }.
           *[other] 🔒 *{ $queue }:* { $count } jobs have been reserved for more than { $limit }.
        }
       *[least] { $count ->
            [one] 🔒 *{ $queue }:* at least 1 job has been reserved for more than { $limit }.
           *[other] 🔒 *{ $queue }:* at least { $count } jobs have been reserved for more than { $limit }.
        }
    }
rule-stuck-jobs-over = 🔒 *{ $queue }:* no job is reserved for more than { $limit }.
rule-stuck-jobs-job = job { $id }: { $age }
rule-stuck-jobs-timeout = ⚠️ This limit, { $limit }, is shorter than the workers' own timeout, { $timeout }: a job that is only slow triggers this alert.
rule-more = and { $count } more
rule-failed-count =
    { $count ->
        [one] 🧱 *1 failed job*; the limit is { $limit }.
       *[other] 🧱 *{ $count } failed jobs*; the limit is { $limit }.
    }
rule-failed-count-fewer = 🧱 *Failed jobs:* { $count }; the limit is { $limit }.
rule-failed-count-group =
    { $count ->
        [one] { $error }: 1 · { $name }
       *[other] { $error }: { $count } · { $name }
    }
rule-failed-count-hint = Find the error that the jobs share ({ $errors }), fix it, then retry all failed jobs.
rule-backlog-growth =
    { $counted ->
        [exact] { $count ->
            [one] 📈 *{ $queue }:* 1 job is waiting.
           *[other] 📈 *{ $queue }:* { $count } jobs are waiting.
        }
       *[about] { $count ->
            [one] 📈 *{ $queue }:* about 1 job is waiting.
           *[other] 📈 *{ $queue }:* about { $count } jobs are waiting.
        }
    }
rule-backlog-growth-empty = 📈 *{ $queue }:* no job is waiting.
rule-backlog-growth-grown =
    { $grown ->
        [one] That is 1 more job than { $minutes } min ago, and the backlog still grows.
       *[other] That is { $grown } more jobs than { $minutes } min ago, and the backlog still grows.
    }
rule-backlog-growth-more =
    { $grown ->
        [one] That is 1 more job than { $minutes } min ago.
       *[other] That is { $grown } more jobs than { $minutes } min ago.
    }
rule-backlog-growth-over = The backlog no longer grows.
rule-backlog-growth-hint = Jobs arrive faster than the workers process them: are all workers running, and do jobs take longer than usual?
rule-peak = Highest value of this incident: { $figure }.
rule-background-problem = 🩺 *queue-bot:* { $part } does not work.
rule-background-problem-over = 🩺 *queue-bot:* { $part } works again.


### Alerts that somebody takes up, or nobody wants to be told of for a while
what-new_failures = new failures of *{ $error }*
what-oldest_job = a job in { $queue } has waited too long
what-stuck_jobs = a job in { $queue } has been reserved too long
what-failed_count = many failed jobs
what-backlog_growth = the backlog of { $queue } grows
what-no_worker_activity = workers of { $queue } have stopped taking jobs
what-background_problem = a part of queue-bot does not work
what-summary = many failures within a minute
what-other = alert rule { $rule }
every-queue = all queues
mute-of-group = the error group *{ $error }*
mute-of-queue = the queue { $queue }
mute-of-rule = the alert rule { $rule }
mute-of-rule-in-queue = the alert rule { $rule } of the queue { $queue }
acknowledge-done = 👀 You acknowledged *{ $id }*: { $what }. The incident will not escalate, and its alert shows your name.
assign-taken = 👀 You took over *{ $id }*: { $what }. The incident will not escalate, and its alert shows your name.
assign-taken-by = 👀 *{ $by } took over { $id }*: { $what }.
assign-done = 👀 *{ $id }* is now assigned to { $to }: { $what }. The incident will not escalate, and its alert shows the name.
assign-done-by = 👀 *{ $by } assigned { $id }* to { $to }: { $what }.
incident-assigned = 👀 Assigned to { $to } by { $by }, { $at }
incident-taken-over = 👀 Taken over by { $by }, { $at }
button-take-over = Take over
spoken-assign-id = Take over incident { $what }
help-assign = make a person responsible for an incident; without a person, you take the incident over
help-handover = summary for the next person on call: active incidents by person, mutes, running bulk changes
audit-did-assign = { $who } assigned incident { $what }
handover-title = *Handover*
handover-incidents = *Active incidents: { $count }*
handover-incidents-none = No active incidents.
handover-incident = *{ $id }* { $what }, since { $since }
handover-nobody = ⚠️ nobody is responsible
handover-owner = 👀 { $by }, since { $at }
handover-mutes = *Mutes: { $count }*
handover-mutes-none = Nothing is muted.
handover-mute = 🔕 { $topic }, by { $by }, since { $since }, until { $until }
handover-operations = *Running bulk changes: { $count }*
handover-operations-none = No bulk change is running.
handover-operation = *{ $id }* { $command }: { $done } of { $total } done, by { $by }, for { $age }
handover-freeze = 🧊 { $by } froze all changes, { $since }.
handover-more =
    { $count ->
        [one] … and 1 more.
       *[other] … and { $count } more.
    }
acknowledge-done-by = 👀 *{ $by } acknowledged { $id }*: { $what }.
acknowledge-all-done =
    { $count ->
        [one] 👀 You acknowledged 1 incident. It will not escalate, and its alert shows your name.
       *[other] 👀 You acknowledged { $count } incidents. They will not escalate, and their alerts show your name.
    }
acknowledge-all-done-by =
    { $count ->
        [one] 👀 *{ $by } acknowledged 1 incident:*
       *[other] 👀 *{ $by } acknowledged { $count } incidents:*
    }
acknowledge-row = *{ $id }* { $what }
refusal-nothing-to-acknowledge = No incident with a posted alert waits for an acknowledgement
reason-nothing-to-acknowledge = there was nothing to acknowledge
incident-reminder = ⏰ { $by } acknowledged this incident { $age } ago, and it is not resolved: { $now }
note-line = 📒 { $note }
note-written = 📒 The note of *{ $error }* is on its alerts from now on.
note-written-by = 📒 *{ $by } wrote a note* for { $error }.
note-removed = The note of *{ $error }* is removed.
note-removed-by = *{ $by } removed the note* of { $error }.
spoken-note-undo = Undo the change of the note of { $error }
help-note = write the runbook note of an error group, which its alerts show; note=no removes the note
audit-did-note = { $who } changed the note of an error group: { $what }
mute-done = 🔕 Muted until { $at }: { $topic }.
mute-done-by = 🔕 *{ $by } muted* { $topic } until { $at }.
mute-extended = This replaces a mute until { $at }.
mute-effect = During the mute, the bot posts no new alerts about this topic and escalates nothing. The bot still records incidents and updates the posted alerts. When the mute ends, the bot posts the incidents that are still active.
mute-incidents =
    { $count ->
        [one] This mutes 1 active incident.
       *[other] This mutes { $count } active incidents.
    }
mute-no-jobs = The queue { $queue } has no job now.
unmute-done = 🔔 No longer muted: { $topic }.
unmute-done-by = 🔔 *{ $by } ended the mute* of { $topic }.
unmute-early = The mute would have ended at { $at }.
help-acknowledge = acknowledge an incident; it will not escalate
help-mute = post no alerts about one error group, queue or alert rule for a while
help-unmute = end a mute early
refusal-incident-not-found = There is no incident { $id }
refusal-incident-closed = Incident { $id } was resolved at { $at }: there is nothing to acknowledge
refusal-not-operator = { $person } cannot be responsible for an incident: this needs the role operator. Nothing was changed
refusal-already-acknowledged = { $by } already acknowledged { $id }, at { $at }
refusal-queue-not-found = There is no queue { $queue }: no job was ever in it. Nothing was changed
refusal-nearest-queue = Did you mean { $queue }?
refusal-known-queues = Known queues: { $queues }
refusal-already-muted = { $by } already muted { $word } until { $at }, which is longer than your mute. To shorten the mute, unmute { $word } first
refusal-not-muted = { $word } is not muted
refusal-not-muted-by = { $word } is no longer muted: { $by } ended the mute at { $at }
refusal-muted-otherwise = { $id } itself is not muted: { $by } muted { $word }, until { $at }. To end that mute: { $nearest }
reason-incident-not-found = no such incident
reason-incident-closed = the incident was resolved
reason-not-operator = the person is no operator
reason-already-acknowledged = the incident was already acknowledged
reason-queue-not-found = no such queue
reason-person-ambiguous = several people have this name
reason-person-not-found = person not found
reason-already-muted = a longer mute was active
reason-not-muted = there was no such mute
reason-muted-otherwise = another mute covers the incident
problem-incident = { $value } is not an incident like I12
problem-one-incident = Exactly one incident is needed
problem-mute-what = Name exactly one topic: error=E12, queue=NAME, alert=RULE, alert=RULE queue=NAME, or an incident like I12
problem-mute-no-queue = This alert rule is not about one queue: leave out queue=
problem-mute-length = { $field } must be from 5m to 7d

### What is watched, and by whom
watch-title = *Monitoring*
watch-holder = 👁️ { $replica } has been the leader for { $age }. Its lease lasts until { $at } and is renewed every few seconds (epoch { $epoch }).
watch-nobody = ⚠️ *No replica monitors the queue:* the last lease ended at { $at }. Is { $run } running?
watch-cost = A check takes { $last } ms of database time.
watch-cost-unknown = The database time of a check is not known yet.
watch-worst = The slowest check of the last hour took { $worst } ms, { $age } ago.
watch-worst-high = ⚠️ The slowest check of the last hour took { $worst } ms, { $age } ago: more than { $most } ms.
watch-too-soon = ⚠️ { $setting } ({ $limit }) is shorter than the workers' own timeout ({ $timeout }): jobs that are only slow are reported as stuck.
watch-no-channel = ⚠️ { $setting } is not set: alerts are not posted.
watch-incidents =
    { $count ->
        [one] *1 active incident*
       *[other] *{ $count } active incidents*, newest first
    }
watch-incidents-none = ✅ No active incidents.
watch-incident = *{ $id }* { $what }, for { $age }
watch-count =
    { $count ->
        [one] 1 failure
       *[other] { $count } failures
    }
watch-seen = 👀 { $by }
watch-muted = 🔕 until { $at }
watch-more-incidents =
    { $count ->
        [one] … and 1 more incident.
       *[other] … and { $count } more incidents.
    }
watch-mutes =
    { $count ->
        [one] *1 mute*
       *[other] *{ $count } mutes*, soonest end first
    }
watch-mutes-none = Nothing is muted.
watch-mute = 🔕 { $topic } until { $at }, by { $by }
watch-more-mutes =
    { $count ->
        [one] … and 1 more mute. { $command } ends a mute.
       *[other] … and { $count } more mutes. { $command } ends a mute.
    }
watch-limits = *Alert rules*
watch-limit = • { $rule } { $limit }
watch-new_failures =
    { $count ->
        [one] new failures of an error group, immediately; above 1 alert a minute, a single alert for all further failures
       *[other] new failures of an error group, immediately; above { $count } alerts a minute, a single alert for all further failures
    }
watch-oldest_job = an available job that has waited for more than { $age }
watch-no_worker_activity = available jobs, while no job starts or finishes for { $age }
watch-stuck_jobs = a job that has been reserved for more than { $age }
watch-backlog_growth =
    { $count ->
        [one] a queue that grows by 1 job within 15 min
       *[other] a queue that grows by { $count } jobs within 15 min
    }
watch-failed_count =
    { $count ->
        [one] more than 1 failed job
       *[other] more than { $count } failed jobs
    }
watch-background_problem = a part of queue-bot that does not work
watch-life = Unacknowledged incidents escalate after { $escalate }. An acknowledged incident that is not resolved gets a reminder every { $remind }. An incident resolves after { $recover } without problems.
watch-channel = Alerts: { $channel }
watch-routes = *Routes* (queue-bot.toml): the first route that matches a queue applies
watch-route = • { $queues }: { $what }
watch-route-mention = mentions { $group }
watch-route-age = { $rule } above { $age }
watch-route-count =
    { $count ->
        [one] { $rule } from 1 job on
       *[other] { $rule } from { $count } jobs on
    }
watch-route-quiet = quiet from { $begin } to { $end } ({ $zone })
watch-route-same = the settings of all queues
watch-more-routes =
    { $count ->
        [one] … and 1 more route.
       *[other] … and { $count } more routes.
    }
watch-digest = Digest: { $time } ({ $zone }), { $days }, { $channel }
watch-no-digest = No digest.
watch-day-mon = Mon
watch-day-tue = Tue
watch-day-wed = Wed
watch-day-thu = Thu
watch-day-fri = Fri
watch-day-sat = Sat
watch-day-sun = Sun
help-watch = monitoring: active incidents, mutes, alert rules, and the leader
button-unmute = Unmute

### Incidents
incident-undrawn = ⚠️ *{ $id }*: the alert of this incident cannot be shown; the bot's log has the reason. { $slash } watch and { $slash } errors show the problems in the queue.
incident-queues = several queues
incident-group-open =
    { $count ->
        [one] 🔴 *1 failed job*
       *[other] 🔴 *{ $count } failed jobs*
    }
incident-group-quiet =
    { $count ->
        [one] 🟠 *1 failed job*
       *[other] 🟠 *{ $count } failed jobs*
    }
incident-group-settling =
    { $count ->
        [one] 🔁 *1 failed job*
       *[other] 🔁 *{ $count } failed jobs*
    }
incident-group-recovered =
    { $count ->
        [one] ✅ *1 failed job*
       *[other] ✅ *{ $count } failed jobs*
    }
incident-more = … and { $count } more
incident-span = first failure { $first }, last failure { $last }
incident-known = known since { $at }
incident-retried = { $count } retried
incident-deleted = { $count } deleted
incident-otherwise = { $count } removed without the bot
incident-by = last change by { $by }, { $at }
incident-left = { $left } not retried yet
incident-waits = All of these jobs were retried or removed; the bot waits for results.
incident-quiet = No new failure for { $age }. The failed jobs are still in failed_jobs.
incident-acknowledged = 👀 Acknowledged by { $by }, { $at }
incident-muted = 🔕 muted until { $until }
incident-mention = For { $group }
incident-unseen = ⏰ This incident was triggered { $age } ago, and nobody has acknowledged it: { $now }
incident-grown = 📈 This incident has grown from { $before } to { $now }
incident-reopened = 🔴 This incident was triggered again, { $age } after it was resolved: { $now }
incident-over = ✅ Resolved after { $age }.
incident-over-figures = ✅ Resolved after { $age }. Jobs: { $figures }.
incident-figures = { $processed } processed, { $failed } failed
incident-processed = about { $count } processed
incident-processed-all = about { $count } processed in all queues
incident-failed = { $count } failed
incident-failed-queue = { $count } failed in { $queue }
incident-failures =
    { $count ->
        [one] 1 failed job
       *[other] { $count } failed jobs
    }
button-acknowledge = Acknowledge
button-mute-alert = Mute this alert 1 h
button-mute-error = Mute this error 1 h
button-mute-queue = Mute this queue 1 h
button-delete-look = Delete…
button-errors = Error groups
incident-seconds = { $age }
incident-jobs =
    { $count ->
        [one] 1 job
       *[other] { $count } jobs
    }
incident-problems =
    { $count ->
        [one] 1 problem
       *[other] { $count } problems
    }
button-status = Status
button-watch = Monitoring
button-stuck = Stuck jobs

### The bot's own background work
background-stalled = ⚠️ *The background work has stopped:* no round has ended for { $age }.
background-step-failing = ⚠️ *{ $step } fails:* it has not succeeded for { $age } ({ $error }).
background-step-late = ⚠️ *{ $step } has stopped:* the last successful run was { $age } ago.
background-index-lag = ⚠️ *Failed job { $id }* is not in the index of failures yet, after { $age }.
background-unsealed = ⚠️ *Audit record { $id }* is not sealed yet, after { $age }.
background-audit-key-missing = ⚠️ *The key of the audit log is missing:* this replica does not hold key { $audit_key }. The replica cannot seal audit records and refuses every change.
background-forged-link = ⚠️ *Link { $id } of the audit chain is forged:* no replica with the key made it. Nothing is sealed until it is removed.
background-verify-failed = ⚠️ *The audit log was changed:* the verification { $age } ago found faults. Record #{ $id } and the log name them.
background-forged-record = ⚠️ *Audit record { $id } was not sealed:* its HMAC is missing, wrong or a copy, so no replica with the key wrote it.
background-cursor-reset = ⚠️ *Somebody moved the cursor { $error } beyond its rows.* The bot reset the cursor { $age } ago.
background-sample-old = ⚠️ *The newest sample of the queue* is { $age } old.
background-sample-missing = ⚠️ *No sample of the queue* has been taken for { $age }.
background-zone-offset =
    { $direction ->
        [earlier] ⚠️ *failed_at of new failures is { $offset } too early:* it is not in the time zone of QUEUE_BOT_TIME_ZONE.
       *[later] ⚠️ *failed_at of new failures is { $offset } too late:* it is not in the time zone of QUEUE_BOT_TIME_ZONE.
    }
background-unseen = ⚠️ *Not checked: { $part }* ({ $error }). Its state is unknown.
background-more =
    { $count ->
        [one] … and 1 more problem.
       *[other] … and { $count } more problems.
    }
background-hint = The bot's log shows the reason: search the log for { $line }.
background-part-watcher = the background work
background-part-times = the times of failures
background-part-failures = the index of failures
background-part-counts = the counts of failures
background-part-incidents = alerting
background-part-retries = the tracking of retried jobs
background-part-operations = the bulk changes
background-part-audit = the audit log
background-part-outbox = the delivery of messages
background-part-metrics = the sampling of the queue
background-part-digest = the digest
background-part-purge = the purge of old records
background-means-watcher = Alerts, counts and messages may be missing.
background-means-times = Commands that filter failures by time are refused.
background-means-failures = New failures may trigger no alert, and may be missing from lists and counts.
background-means-counts = The counts in the lists of errors are out of date.
background-means-incidents = Alerts are late or missing.
background-means-retries = Messages about retries do not show the outcomes of the jobs.
background-means-operations = Bulk changes may have stopped.
background-means-audit = Changes are recorded, but not sealed or posted.
background-means-outbox = Alerts, audit messages and digests are not posted.
background-means-metrics = The totals and the chart are out of date, and alerts may be based on old values.
background-means-digest = The digest is not posted.
background-means-purge = The bot's own tables keep growing.
background-step-index = Indexing new failures
background-step-scan = Scanning older failures
background-step-copy-removed = Taking removed failures out of the index
background-step-regroup = Grouping the failures by new rules
background-step-relabel = Reading the subjects of the failures again
background-step-group = Triggering incidents
background-step-aggregate = Adding up counts
background-step-merge = Adding up the counts of past days
background-step-probe = Checking the queues
background-step-lifecycle = Updating incidents
background-step-refresh = Editing alerts
background-step-outcomes = Tracking retried jobs
background-step-bulk-outcomes = Tracking bulk retries
background-step-canary = Evaluating canaries
background-step-approvals = Ending requests for approval
background-step-bulk = Running bulk changes
background-step-verify = Verifying the audit log
background-step-seal = Sealing audit records
background-step-deliver = Delivering messages
background-step-sample = Sampling the queue
background-step-roll = Rolling up samples
background-step-digest = Posting the digest
background-step-purge = Purging old records
background-step-load = Measuring the database load
background-step-health = Checking the background work

## Merges of error groups
merge-preview = Merge *{ $error }* into *{ $into }*?
merge-merged = 🔗 Merged *{ $error }* into *{ $into }*.
merge-merged-by = 🔗 *{ $by } merged { $error }* into *{ $into }*.
merge-ended = *{ $error }* is a separate group again and no longer part of *{ $into }*.
merge-ended-by = *{ $by } undid the merge* of { $error } into { $into }.
merge-group =
    { $count ->
        [one] *{ $error }* · 1 failed job · { $name }
       *[other] *{ $error }* · { $count } failed jobs · { $name }
    }
merge-effect = All failures of { $error }, including new failures, count as failures of { $into } in lists, alerts, filters and outcomes. A mute of { $error } does not apply to { $into }. The merge changes no job, and you can undo the merge at any time.
merge-part = Includes *{ $error }*, merged by { $by }, { $at } · { $name }
merge-part-rules = Includes *{ $error }*, merged by new grouping rules, { $at } · { $name }
button-merge = Merge { $error } into { $into }
button-undo-merge = Undo merge
spoken-merge-undo = Undo the merge of { $error }
help-merge = count the failures of one error group as failures of another group; into=no undoes a merge
audit-did-merge = { $who } merged error groups: { $what }
audit-did-merge-ended = { $who } undid the merge of error groups: { $what }
refusal-already-merged = { $id } is already merged into { $into }. To undo the merge: { $command }
refusal-not-merged = { $id } is not merged into another error group
reason-already-merged = already merged
reason-not-merged = not merged
problem-merge-itself = An error group cannot be merged into itself

## The first minute on a large queue
watch-backfill = ⏳ Older failures: { $rows } of about { $total } are in the index
watch-regrouping = ⏳ New grouping rules: failures are grouped again, { $rows } of about { $total } done
watch-relabeling = ⏳ QUEUE_BOT_SUBJECTS changed: the failures are indexed again, { $rows } of about { $total } done
watch-backfill-rate =
    { $count ->
        [one] 1 a second, about { $left } left
       *[other] { $count } a second, about { $left } left
    }
watch-checks =
    { $count ->
        [one] Checks: 1 queue, checked { $newest } ago
       *[other] Checks: { $count } queues in turns; the last check was { $newest } ago; { $queue } has waited longest for a check: { $oldest }
    }
watch-unchecked =
    { $count ->
        [one] ⏳ 1 more queue waits for its first check
       *[other] ⏳ { $count } more queues wait for their first check
    }
watch-check = { $queue }: checked { $age } ago
status-estimated = ⏳ Estimated: the first exact count is not ready yet. Ask again in a minute for exact numbers.
modal-counting = Counting the failed jobs …
modal-preview = Preview

## doctor

doctor-needs-failed = Not checked, because the check { $check } failed.
doctor-slack-unanswered = Slack did not answer as needed: { $reason }.
doctor-database-unanswered = The database did not answer ({ $reason }).
doctor-check-broken = This check ended with an error ({ $reason }).
doctor-report-bug = Report this as a bug of queue-bot.
doctor-administrator = Let an administrator of the database run this statement.
doctor-no-address = DATABASE_URL is not set.
doctor-set-address = Set the database's address.
doctor-server-answers = { $server } answers in { $ms } ms.
doctor-server-old = { $server } is too old: the bot needs { $product } { $least } or newer.
doctor-sqlite-connection = An SQLite file needs no connection.
doctor-encrypted = The connection is encrypted ({ $cipher }).
doctor-local-server = The server runs on this machine, so the connection needs no encryption.
doctor-not-encrypted = The connection to the database is not encrypted.
doctor-encrypt = Set DATABASE_CA to the file of the server's authority, and remove DATABASE_TLS=off.
doctor-sqlite-session = SQLite has no session settings.
doctor-session-kept = The account may not set { $name }; its value { $value } works.
doctor-session = The session has the isolation level READ COMMITTED and the settings of the bot.
doctor-writable = The database accepts changes.
doctor-clocks = The clocks of this machine and of the database differ by { $seconds } s.
doctor-synchronize = Synchronize the clocks of both machines.
doctor-sqlite-accounts = SQLite has no accounts.
doctor-grant-missing = The account { $account } lacks { $privileges } on { $table }.
doctor-grants = The account { $account } has every privilege that the bot needs.
doctor-sqlite-one = SQLite is for one process only.
doctor-connections = { $opened } of { $limits } connections are open, { $own } of them by this account; one replica of the bot opens at most { $expected }.
doctor-connections-few = The server may run out of connections: { $sentence }
doctor-connections-raise = Raise max_connections on the server, or close connections of other programs.
doctor-settings = Every setting is valid.
doctor-copy-bot-token = Copy the token (xoxb-…) from { $oauth } on the app's page to SLACK_BOT_TOKEN.
doctor-create-app-token = Create an app-level token with connections:write under Basic Information on the app's page, and copy it (xapp-…) to SLACK_APP_TOKEN.
doctor-network = Check that this machine reaches Slack: its network, its proxy (HTTPS_PROXY), its clock.
doctor-add-scope = Add the scope under { $oauth } on the app's page, then install the app again.
doctor-no-bot-token = SLACK_BOT_TOKEN is not set.
doctor-other-workspace = The bot token is for the workspace { $team }, but QUEUE_BOT_TEAM_ID is { $expected }: the bot refuses everybody.
doctor-other-workspace-do = Use the token of the other workspace, or correct QUEUE_BOT_TEAM_ID.
doctor-bot-token = Slack accepts the bot token for { $workspace }.
doctor-scopes-unknown = Slack did not report the scopes of the bot token.
doctor-scopes-compare = Compare { $oauth } on the app's page with manifest.yml.
doctor-scope-missing = The bot token lacks the scope { $scope }{ $purpose }.
doctor-scopes-unused = The bot token has scopes that the bot never uses: { $scopes }.
doctor-scopes-remove = Remove them under { $oauth } on the app's page, then install the app again.
doctor-scopes = The bot token has all { $number } scopes of the manifest.
doctor-http-connection = Slack sends signed requests, so the app needs no connection.
doctor-connected = The running bot is connected.
doctor-no-app-token = SLACK_APP_TOKEN is not set.
doctor-different-apps = SLACK_APP_TOKEN is of the Slack app { $app }, but SLACK_BOT_TOKEN is of the app { $bot }: commands of one app arrive, and the buttons of the other app's messages do not.
doctor-different-apps-do = Open the page of one app. Copy its app-level token (Basic Information) to SLACK_APP_TOKEN and its bot token ({ $oauth }) to SLACK_BOT_TOKEN.
doctor-app-token-refused = Slack does not accept the app token: { $reason }.
doctor-no-websocket = Slack accepts the app token, but no WebSocket opens ({ $reason }): no command would reach the bot.
doctor-no-websocket-do = A proxy or a firewall blocks WebSockets. Allow wss:// on port 443 to *.slack.com. Slack's client uses HTTPS_PROXY and ignores NO_PROXY.
doctor-websocket = Slack accepts the app token, and a WebSocket opens.
doctor-sockets-many = The app has { $opened } open connections; at most { $expected } are expected.
doctor-sockets-many-do = Stop copies of the bot that nobody needs, because Slack sends each command to any of them; or set QUEUE_BOT_REPLICAS.
doctor-sockets = Open connections of the app: { $opened } of at most { $expected }.
doctor-channels = The bot is in every channel: { $channels }.
doctor-no-changes = Nobody can change a job from Slack.
doctor-no-changes-do = Set QUEUE_BOT_CHANGE_CHANNELS, or QUEUE_BOT_CHANGES_IN_HOME=true.
doctor-alert-buttons = The buttons of alerts refuse every click: the alert channel allows no changes.
doctor-alert-buttons-do = Add { $channel } to QUEUE_BOT_CHANGE_CHANNELS.
doctor-changes = People can change jobs in the channels of the alerts.
doctor-channel-unknown = The channel { $channel } ({ $names }) does not exist, or it is private and the bot is not in it.
doctor-channel-unknown-do = Correct { $names }, or type this in the private channel.
doctor-channel-unread = The channel { $channel } ({ $names }) cannot be read: { $reason }.
doctor-channel = The channel #{ $name } ({ $channel }, { $names })
doctor-channel-archived = { $channel } is archived: messages for it wait.
doctor-channel-archived-do = Unarchive the channel in Slack, or change { $names }.
doctor-channel-shared = { $channel } is shared with another company: its people would read every message, and the bot refuses changes there.
doctor-channel-shared-do = Use a channel of your own company in { $names }.
doctor-channel-outside = The bot is not in #{ $name } ({ $channel }, { $names }) and cannot post there.
doctor-type-in-channel = Type this in the channel.
doctor-group-admins = Members of { $groups } are admins. In Slack's default, every member of the workspace may edit user groups, and so become an admin.
doctor-group-admins-do = List the user ids of the admins in QUEUE_BOT_ADMINS, or let only owners of the workspace edit user groups.
doctor-role = { $name }: { $people }{ $rest }.
doctor-role-empty = { $name } gives nobody the role.
doctor-role-empty-do = List ids of people in { $name }.
doctor-person-refused-do = Replace { $user } in { $name }, or make the person a full member.
doctor-person-unknown = { $user } in { $name } is unknown in the workspace.
doctor-correct = Correct { $name }.
doctor-person-unread = { $user } in { $name } cannot be read: { $reason }.
doctor-group-empty = The user group { $group } in { $name } has no members: it gives nobody the role.
doctor-group-empty-do = Add members to the group in Slack.
doctor-group-unknown = The user group { $group } in { $name } is unknown.
doctor-group-unread = The user group { $group } in { $name } cannot be read ({ $reason }): the bot refuses its members.
doctor-group-unread-do = User groups need a paid plan of Slack and the scope usergroups:read.
doctor-layout = The tables { $jobs } and { $failed } are of the layout { $layout }.
doctor-columns = Each of the { $number } columns has a type that the bot can work with.
doctor-engine = The table { $table } uses { $engine }: changes need transactions.
doctor-own-tables = The bot's { $number } tables have { $size } MiB; the largest is { $table } ({ $part } MiB).
doctor-own-tables-exist = The bot's { $number } tables exist.
doctor-index-enough = The bot needs no further index.
doctor-index = { $table } has a second index ({ $indexes }), so the server counts its rows fast.
doctor-no-index = { $table } has no second index, so a count of its rows reads the whole table (about { $size } rows, { $memory } MiB).
doctor-no-index-few = { $sentence } An index would save little.
doctor-no-index-do = With an index, the count of 3 million rows takes 70 ms instead of 4 to 10 s. The bot works without the index and never creates it.
doctor-audit-fault = Keep a copy of the tables and find out who changed them.
doctor-audit-faults = { $number } more faults.
doctor-audit-part = { $number } records were verified; more follow.
doctor-audit = The chain of { $number } audit records is valid.
doctor-not-run = The bot has not run yet.
doctor-start = Start the bot.
doctor-leader = The replica { $replica } does the background work.
doctor-outbox-empty = No message waits for Slack.
doctor-outbox = { $number } messages wait, the oldest for { $seconds } s.
doctor-index-not-begun = No failed job is indexed before the bot's first run.
doctor-index-complete = Every failed job is indexed.
doctor-clock-ahead = The database's clock is { $seconds } s ahead of this machine's clock. Ages of jobs use the database's clock, and Slack's signatures this machine's clock.
doctor-clock-behind = The database's clock is { $seconds } s behind this machine's clock. Ages of jobs use the database's clock, and Slack's signatures this machine's clock.
doctor-no-channel = none is configured
doctor-everyone = every full member of the workspace
doctor-role-more = { " " }and { $number } more
doctor-person-refused =
    { $why ->
        [foreign] { $user } in { $name } belongs to another workspace: the bot refuses this person.
        [deactivated] { $user } in { $name } is deactivated: the bot refuses this person.
        [bot] { $user } in { $name } is a bot: the bot refuses this person.
        [guest] { $user } in { $name } is a guest: the bot refuses this person.
       *[other] { $user } in { $name } is no full member: the bot refuses this person.
    }
doctor-index-waiting = { $number } failed jobs wait to be indexed.
doctor-index-many = at least { $number } failed jobs wait to be indexed.
doctor-problem =
    { $count ->
        [one] *{ $count } problem*
       *[other] *{ $count } problems*
    }
doctor-warning =
    { $count ->
        [one] { $count } warning
       *[other] { $count } warnings
    }
doctor-skipped = { $count } not checked
doctor-ok = { $count } ok
doctor-status-problem = *Problem* { $check }
doctor-status-warning = *Warning* { $check }
doctor-status-skipped = *Not checked* { $check }
doctor-more = … and { $count } more.
doctor-good = No problem: { $names }
doctor-terminal = In a terminal, { $command } also opens a WebSocket and verifies more of the audit log.
doctor-word-ok = ok
doctor-word-skipped = skipped
doctor-word-warning = warning
doctor-word-problem = problem
doctor-count-ok = { $count } ok
doctor-count-skipped = { $count } skipped
doctor-count-warning =
    { $count ->
        [one] { $count } warning
       *[other] { $count } warnings
    }
doctor-count-problem =
    { $count ->
        [one] { $count } problem
       *[other] { $count } problems
    }

## The command queue-bot setup
setup-help-usage = Usage
setup-help-options = [OPTIONS]
setup-help-list = Options
setup-help-text = TEXT
setup-help-file = FILE
setup-help = Ask for the settings, check each answer at once, and write them to a file.
setup-help-script = Settings in the environment are answers too. Without a terminal, every answer must be given.
setup-help-output = The file with the settings.  [default: { $file }]
setup-help-force = Replace an existing file unasked.
setup-help-help = Show this message and exit.
setup-secret = Your answer is not shown while you type.
setup-decision = c: check again, n: new answer, k: keep this answer
setup-no-decision = { $typed } is not one of 'c', 'n', 'k'.
setup-yes = y/N
setup-no-yes = invalid input
setup-aborted = Aborted!
setup-exists = The file { $path } exists: choose another --output, or use --force.
setup-replace = The file { $path } exists. Replace it at the end?
setup-unwritable = The file { $path } cannot be written: { $reason }.
setup-missing = { $setting } is missing: use { $option }.
setup-no-answer = { $setting } needs an answer.
setup-create-app = On api.slack.com/apps choose "Create New App", "From a manifest", and paste:
setup-install-app = Then choose Install App, and invite the bot to the channels that you name below.
setup-migrate-file = Create the bot's tables: { $program } migrate
setup-step-accounts = 1. An administrator of the database runs these statements, with a new password instead of { $password }:
setup-step-tables = 2. Create the bot's tables in this shell, with the same password:
setup-step-grants = 3. An administrator of the database locks that account, and grants the bot's account:
setup-written = Wrote { $path }, which only you can read.
setup-next = After the statements above, check everything, then start the bot:
setup-member-id = In Slack: the person's profile, the menu with three dots, Copy member ID.
setup-channel-id = In Slack: the channel's name, About, Channel ID. Invite the bot with /invite @queue-bot first.
setup-command = Slash command
setup-command-hint = A second bot in one workspace needs a command of its own, such as /queue-staging.
setup-environment = Environment that each message names
setup-environment-hint = For example staging or production. Type - for none.
setup-bot-token = Bot token
setup-bot-token-hint = On the app's page: { $oauth }, Bot User OAuth Token (xoxb-…).
setup-app-token = App token
setup-app-token-hint = On the app's page: Basic Information, App-Level Tokens, connections:write (xapp-…).
setup-signing-secret = Signing secret
setup-signing-secret-hint = On the app's page: Basic Information, App Credentials, Signing Secret.
setup-address = Database address of the bot's account
setup-address-hint = mysql+pymysql://queue_bot:PASSWORD@HOST/DATABASE with the database of the queue. The account must exist and be able to read both tables; the other GRANTs follow.
setup-schema = Database for the bot's own tables, on the same server
setup-schema-hint = Type - to keep them in the database of the queue.
setup-audit-channel = Id of the audit channel
setup-alert-channel = Id of the alert channel
setup-change-channels = Ids of the channels where people may change jobs
setup-change-channels-hint = Separate ids with commas. The buttons of alerts work only in these channels.
setup-admins = Ids of the admins
setup-operators = Ids of the operators
setup-operators-hint = Ids of people or of user groups (S…). Type - for none.
setup-viewers = Ids of the viewers
setup-viewers-hint = * means every full member of the workspace. Type - for none.
setup-time-zone = Time zone in which the workers write failed_at
setup-time-zone-hint = An IANA name, such as America/Lima.
setup-language = Language of messages, en or es

## Sentences of a start, as the log has them; doctor and setup have them in both languages
start-slack-token = Slack does not accept the bot token: { $reason }.
start-triggers = The account may not see the triggers of { $reason }: each row that enters it is compared with its original. docs/operating.md names the privilege.
start-wrong-bot-token = { $setting } must be the token that starts with xoxb-.
start-wrong-app-token = { $setting } must be the token that starts with xapp-.
start-wrong-expiring-token = { $setting } is a token that expires (xoxe…), and the bot cannot renew it: switch off token rotation for the app.
start-wrong-token-lines = { $setting } must be only the token, without spaces and further lines.
start-wrong-signing-secret = { $setting } must be the app's Signing Secret, from Basic Information.
start-wrong-address = { $setting } must be an address like mysql+pymysql://user:password@host/database or sqlite:////path/to/file (percent-encode special characters of the password).
start-wrong-driver = { $setting } must start with mysql+pymysql:// or sqlite:///.
start-wrong-memory = { $setting } must name a file: a database in memory is lost when the bot stops.
start-wrong-no-database = { $setting } must name the database, after the host: mysql+pymysql://…@host/database.
start-wrong-schema = { $setting } must be the name of a table: letters, digits and _.
start-wrong-schema-file = { $setting } needs MariaDB or MySQL: an SQLite file has no schemas; unset it.
start-wrong-channel = { $setting } must be a Slack channel id (C… or G…).
start-wrong-channels = { $setting } must be Slack channel ids (C… or G…), not names.
start-wrong-members = { $setting } must be Slack ids of users (U… or W…) and user groups (S…).
start-wrong-readers = { $setting } must be Slack ids of users (U… or W…) and user groups (S…), or * for every full member.
start-wrong-command = { $setting } must be a slash and up to 31 lowercase letters, digits, - or _, like /queue-staging.
start-wrong-environment = { $setting } must be a name of up to 20 letters, digits and hyphens, like staging.
start-wrong-zone = { $setting } must be a time zone's IANA name, like America/Lima or UTC.
start-wrong-language = { $setting } must be 'en' or 'es'.
start-database-unreachable = The database cannot be reached: check the address in DATABASE_URL, and the server ({ $reason }).
start-database-silent = The database cannot be reached: check the address in DATABASE_URL, and the server (it does not answer in time).
start-database-account = The database does not let this account in: check the name and password in DATABASE_URL ({ $reason }).
start-database-rights = The account lacks a right: docs/operating.md lists the rights that it needs ({ $reason }).
start-database-crowded = The database accepts no more connections now: try again, or raise its limit ({ $reason }).
start-database-tls = The connection cannot be encrypted as required: check DATABASE_CA and the server, or set DATABASE_TLS=off in a network that you trust ({ $reason }).
start-database-clear = The server asks for the password in clear text: set DATABASE_CA, so that it is verified ({ $reason }).
start-database-password = The account cannot be used: renew its password or unlock it ({ $reason }).
start-database-missing = The database in DATABASE_URL does not exist: check the part after the last slash ({ $reason }).
start-database-file = The SQLite file cannot be opened: check the path in DATABASE_URL ({ $reason }).
start-database-no-file = The file in DATABASE_URL is no SQLite database ({ $reason }).
start-children = The database deletes or changes rows of { $other } ({ $reason }) together with a row of { $table }, and an undo does not restore them: by id, this needs force=yes.
start-layouts = The tables { $table } and { $other } match the layouts { $layouts }. Choose a layout, such as QUEUE_BOT_LAYOUT={ $layout }.
start-layout-columns = Columns are missing or have another type ({ $reason }). Choose a layout, such as QUEUE_BOT_LAYOUT={ $layout }.
start-no-table = The table { $table } is not in the database: check DATABASE_URL and QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE.
start-no-table-codeigniter = The table { $table } is not in the database: check DATABASE_URL and QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE. The tables of CodeIgniter Queue are there: set QUEUE_BOT_JOBS_TABLE={ $layout } and QUEUE_BOT_FAILED_JOBS_TABLE={ $other }.
start-no-table-similar = The table { $table } is not in the database: check DATABASE_URL and QUEUE_BOT_JOBS_TABLE / QUEUE_BOT_FAILED_JOBS_TABLE. There is a table { $other }.
start-view = { $table } is a view: name the table itself in the settings.
start-engine = The table { $table } uses { $engine }: changes need transactions, so convert it with ALTER TABLE { $table } ENGINE=InnoDB.
start-no-column = The table { $table } has no column { $column }.
start-column-inexact = The column { $column } is of the type { $type }: an undo could not restore its exact value.
start-column-no-default = The column { $column } is NOT NULL and has no default: a retry has no value for it. Give it a default.
start-column-no-id = The column { $column } is not AUTO_INCREMENT: an inserted row gets no id.
start-column-text = The column { $column } is { $type }, but must hold text.
start-column-bytes = The column { $column } holds bytes, but a queue's name must be text.
start-column-number = The column { $column } is { $type }, but must be a whole number (moments in seconds since 1970).
start-column-generated = The column { $column } is generated, so a retry cannot set it.
start-column-long = The column { $column } allows more than the { $reason } characters that the bot stores of a queue's name.
start-column-time = The column { $column } is { $type }, but must be DATETIME or TIMESTAMP.
start-column-timestamp = The column { $column } is TIMESTAMP, which the bot reads in UTC: set QUEUE_BOT_TIME_ZONE=UTC.
start-wrong-missing = { $setting } is missing; set it. docs/settings.md explains the value.
start-wrong-missing-secret = { $setting } is missing; set it, or { $setting }_FILE to a file that contains it. docs/settings.md explains the value.
start-nobody = Nobody has a role yet; list ids of Slack users or user groups in QUEUE_BOT_ADMINS, QUEUE_BOT_OPERATORS or QUEUE_BOT_VIEWERS.
start-no-audit-key = QUEUE_BOT_AUDIT_KEY is not set: everybody who can write to the database can forge audit records that verify accepts. queue-bot audit new-key prints a new key.
start-no-tls = DATABASE_TLS=off: the database is not verified, and the link may be unencrypted.
start-open-file = Every account on this machine can read the SQLite file: run chmod 600.
start-folder = The folder of the SQLite file cannot be created: { $reason }
start-own-tables-old = The bot's tables are at version { $table } of { $other }: queue-bot migrate.
