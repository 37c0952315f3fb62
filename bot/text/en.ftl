# queue-bot in English. Ids come in as text, counts as numbers, names of jobs already in code.
# Emphasis is *bold* only, and never around a value that is in code.

## Words that stand alone
at = { $at }
order = order { $id }
tienda = shop { $id }
job-unknown = unknown job
everyone = everyone
attempts = { $attempts } of { $most } attempts
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
button-keep = Keep it
button-next = Next page
button-failed = Failed jobs
button-jobs = Jobs in the queue
button-retry-all = Retry all…
button-close = Close
button-cancel = Cancel
button-stop = Cancel the rest
confirm-delete-failed = Delete failed job { $id }?
confirm-delete-failed-text = It will not be retried. A copy stays in the bot's archive.
confirm-delete = Delete job { $id }?
confirm-delete-text = It will not run. If a worker has it already, that worker may still finish it. A copy stays in the bot's archive.

## Status
status-title = *Queue status*
status-totals = { $pending } pending · { $reserved } reserved · { $failed } failed
status-queue = { $queue }: { $pending } pending, { $reserved } reserved
status-oldest = Oldest pending job: { $age } old, in { $queue }.
status-oldest-alarm = ⚠️ Oldest pending job: { $age } old, in { $queue }. That is over { $limit }: are the workers running?
status-none-pending = ✅ No job is waiting.
status-failed-alarm = ⚠️ More than { $limit } failed jobs have piled up. Look for the error they share, fix it, then retry them all.
status-as-of = As of { $at }: the tables are large, so these are the last exact counts.
status-more-queues =
    { $count ->
        [one] 1 more queue with fewer jobs.
       *[other] { $count } more queues with fewer jobs.
    }
column-queue = Queue
column-pending = Pending
column-reserved = Reserved

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
jobs-none = ✅ No such jobs{ $scope }.
jobs-none-partial = ❓ No such jobs{ $scope } among the oldest and the newest. There are too many jobs to look at all of them in time.
job-row = *Job { $id }*
job-name = Job { $id }
list-more = There are more. The next page goes on from here.
list-partial = There are too many jobs to look at all of them in time: these are from the oldest and the newest.
state-pending = pending, { $age } old
state-pending-ageless = pending
state-delayed = ⏳ delayed until { $at }
state-reserved = ▶️ reserved for { $age }
state-stuck = ⚠️ stuck: reserved for { $age }
stuck-hint = Reserved for more than { $age }: the workers may be dead or stuck. Look at them ({ $look }) and restart them if needed ({ $restart }).

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
text-cut = Cut here: the whole text has { $length } characters.

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
deleted-reserved-one = ⚠️ It was reserved: its worker may still finish it.
deleted-reserved =
    { $count ->
        [one] ⚠️ 1 of them was reserved ({ $ids }): its worker may still finish it.
       *[other] ⚠️ { $count } of them were reserved ({ $ids }): their workers may still finish them.
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
        [one] Left alone, 1:
       *[other] Left alone, { $count }:
    }
skipped-row = • { $sentence }
skipped-wrong-queue = The bot may not change the queue of { $id }

## Stuck jobs, and changes that are switched off
button-release = Release
button-leave = Leave it
confirm-release = Release job { $id }?
confirm-release-text = Any worker may take it then. If its old worker is still running, the job may run twice: look at the workers first.
stuck-title = *Stuck jobs*, reserved for { $age } or more, the longest first
stuck-none = ✅ No job has been reserved for { $age } or more.
stuck-none-partial = ❓ Among the oldest and the newest jobs, none has been reserved for { $age } or more. There are too many jobs to look at all of them in time.
stuck-more = There may be more: { $longer } shows only those that are stuck for longer.
workers-hint = The workers may be dead or stuck. Look at them ({ $look }) and restart them if needed ({ $restart }).
released-one = 🔓 Job { $id } is pending again: any worker may take it.
released-one-by = 🔓 { $by } released job { $id }: it is pending again.
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
        [one] ⚠️ If its old worker is still running, it may run twice.
       *[other] ⚠️ Where an old worker is still running, a job may run twice.
    }
released-early =
    { $count ->
        [one] ⚠️ It was released by force soon after it was reserved: if its old worker is alive, it runs twice.
       *[other] ⚠️ Some were released by force soon after they were reserved: where the old worker is alive, the job runs twice.
    }
released-spent =
    { $count ->
        [one] ⚠️ Job { $ids } has used up its attempts: the next worker may move it to failed without running it.
       *[other] ⚠️ Jobs { $ids } have used up their attempts: the next worker may move them to failed without running them.
    }
help-stuck = jobs that a worker has had for too long
help-release = give jobs back that a worker holds and does not end
refusal-not-reserved = Job { $id } is not reserved: no worker has it. Nothing was changed
refusal-not-reserved-by = Job { $id } is not reserved any more: { $by } released it at { $at }
refusal-reserved-again = Job { $id } was taken by a worker again at { $at }. It was left alone; please look again
refusal-reserved-recently = Job { $id } is reserved only since { $at }, so its worker is probably still at it. It was left alone; if you know that this worker is dead: /queue release { $id } force=yes
refusal-row-too-long = Failed job { $id } stays where it is: one of its values is longer than the column { $detail } allows. Make that column larger, then try again
refusal-row-would-change = Failed job { $id } stays where it is: the table { $detail } would store a different text. Compare the character sets and the triggers of both tables
refusal-row-refused = Row { $id } stays where it is: the database refused the change with { $detail }
reason-row-too-long = a value is too long for its column
reason-row-would-change = the table would store a different text
reason-row-refused = the database refused the row
reason-not-reserved = the job was not reserved
reason-reserved-again = a worker had taken it again
reason-reserved-recently = reserved too short a time ago

frozen = 🧊 *Frozen* by { $by } since { $at }.
frozen-reason = 🧊 *Frozen* by { $by } since { $at }: { $reason }
frozen-effect = No change is carried out until an admin runs { $command }.
frozen-preview = 🧊 Changes are frozen by { $by } since { $at }: this can be confirmed only after an unfreeze.
frozen-progress = 🧊 Paused: changes are frozen by { $by } since { $at }. It goes on after an unfreeze.
freeze-done = 🧊 Frozen: the bot refuses every change now. Bulk changes that run pause and go on after { $command }.
freeze-done-by = 🧊 *{ $by } froze all changes.* Bulk changes that run pause. Status, lists and history still work.
freeze-why = Why: { $reason }
unfreeze-done = ☀️ Changes are allowed again, after { $age }. Bulk changes that were paused go on.
unfreeze-done-by = ☀️ *{ $by } allows changes again*, after { $age }. Bulk changes that were paused go on.
help-freeze = refuse every change for now; running bulk changes pause
help-unfreeze = allow changes again
refusal-frozen = Changes are frozen by { $by } since { $at }. Nothing was changed; an admin can run /queue unfreeze
refusal-frozen-reason = Changes are frozen by { $by } since { $at }: { $reason }. Nothing was changed; an admin can run /queue unfreeze
refusal-already-frozen = Changes are already frozen by { $by } since { $at }
refusal-not-frozen = Changes are not frozen
refusal-not-frozen-by = Changes are not frozen any more: { $by } allowed them again at { $at }
reason-frozen = changes were frozen
reason-already-frozen = changes were frozen already
reason-not-frozen = changes were not frozen

## Undoing
button-undo = Undo
undone-failed-one = ↩️ Failed job { $id } is back among the failed jobs.
undone-failed-one-by = ↩️ { $by } put failed job { $id } back among the failed jobs.
undone-failed-many =
    { $count ->
        [one] ↩️ 1 failed job is back among the failed jobs:
       *[other] ↩️ { $count } failed jobs are back among the failed jobs:
    }
undone-failed-many-by =
    { $count ->
        [one] ↩️ { $by } put 1 failed job back among the failed jobs:
       *[other] ↩️ { $by } put { $count } failed jobs back among the failed jobs:
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
undone-change = This undoes { $command } by { $by }, { $at }.
undone-taken-back = job { $job } will not run
undone-new-id = now { $new }, because { $id } is taken by another one
undone-reserved =
    { $count ->
        [one] ⚠️ It is reserved, as it was: if no worker ends it, release it.
       *[other] ⚠️ { $count } of them are reserved, as they were ({ $ids }): if no worker ends them, release them.
    }
bulk-title-undo = Undo
bulk-submit-undo = Put them back
bulk-lead-undo =
    { $count ->
        [one] *1 failed job*{ $scope } will be put back as it was.
       *[other] *{ $count } failed jobs*{ $scope } will be put back as they were.
    }
scope-undo = { " " }that operation { $operation } took
bulk-note-undo = Of a retry only those come back whose job no worker has touched. The rest is left alone and counted. Where another failed job has taken an id meanwhile, a new one is given.
bulk-nothing-undo = ✅ There is nothing to put back.
bulk-started-undo =
    { $count ->
        [one] Started: 1 failed job is being put back. Its progress is in the channel.
       *[other] Started: { $count } failed jobs are being put back. The progress is in the channel.
    }
progress-running-undo =
    { $total ->
        [one] ↩️ Putting back 1 failed job…
       *[other] ↩️ Putting back { $total } failed jobs…
    }
progress-cancelling-undo = ⏹️ Cancelling: { $done } of { $total } failed jobs put back so far.
progress-done-undo =
    { $done ->
        [0] ⚪ Put back none of the failed jobs
        [one] ↩️ Put back 1 failed job
       *[other] ↩️ Put back { $done } failed jobs
    }
progress-cancelled-undo = ⏹️ Cancelled: put back { $done } of { $total } failed jobs. The rest is untouched.
progress-stopped-undo = ⚠️ Stopped: put back { $done } of { $total } failed jobs. The rest is untouched.
progress-skipped-undo =
    { $count ->
        [one] 1 left alone: a worker has or had its job, or it is there already.
       *[other] { $count } left alone: a worker has or had their jobs, or they are there already.
    }
undone-mark = ↩️ Undone by { $by }, { $at }.
undone-part = ↩️ { $by } put { $count } of the { $total } back, { $at }.
help-undo = put back what was retried or deleted, your own last change if none is named
refusal-nothing-to-undo = You made no change in the last { $days } days that could be undone now
refusal-change-not-found = No change is known as { $word }. An operation is named by its number, a record of the audit as #12
refusal-not-undoable = { $command } cannot be undone: it took nothing away, or kept no copy of it. What an undo put back can be retried or deleted again
refusal-undo-expired = This cannot be undone any more: copies are kept for { $days } days. Nothing was changed
refusal-already-undone = This was already undone by { $by } at { $at }
refusal-job-taken = Too late to take back failed job { $id }: a worker has job { $job } already. It was left alone
refusal-job-gone = Too late to take back failed job { $id }: job { $job } is not in the queue any more, a worker took it or it was processed already. Nothing was changed
refusal-job-gone-by = Too late to take back failed job { $id }: { $by } deleted job { $job } at { $at }. Nothing was changed
refusal-row-there = { $id } is there already, with the same content. Nothing was changed
reason-nothing-to-undo = there was nothing to undo
reason-change-not-found = no such change
reason-not-undoable = it cannot be undone
reason-undo-expired = the copies were gone
reason-already-undone = it was undone before
reason-job-taken = a worker had it
reason-job-gone = it was not in the queue any more
reason-row-there = it was there already

## Bulk changes
bulk-title-retry-all = Retry all failed jobs
bulk-title-clear-failed = Clear failed jobs
bulk-submit-retry-all = Retry all of them
bulk-submit-clear-failed = Delete permanently
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
bulk-note-retry-all = Many jobs at once put load on everything they call.
bulk-note-clear-failed = The bot's archive keeps copies for a while, and Undo brings them back.
bulk-note-frozen = Only these: what fails from now on is not touched. The confirmation works once, within 10 minutes.
bulk-indexing = ⚠️ Older failures are still being read in and are not among these.
bulk-type-count = Type { $count } to confirm
bulk-type-hint = The number of failed jobs that will be deleted.
bulk-nothing-retry-all = ✅ There is nothing to retry.
bulk-nothing-clear-failed = ✅ There is nothing to clear.
bulk-nothing-fits = ⚪ No failed job fits that. Nothing was changed.
bulk-started-retry-all =
    { $count ->
        [one] Started: 1 failed job is going back to the queue. Its progress is in the channel.
       *[other] Started: { $count } failed jobs are going back to the queue. The progress is in the channel.
    }
bulk-started-clear-failed =
    { $count ->
        [one] Started: 1 failed job is being cleared. Its progress is in the channel.
       *[other] Started: { $count } failed jobs are being cleared. The progress is in the channel.
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
progress-cancelling-retry-all = ⏹️ Cancelling: { $done } of { $total } failed jobs retried so far.
progress-cancelling-clear-failed = ⏹️ Cancelling: { $done } of { $total } failed jobs cleared so far.
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
progress-cancelled-retry-all = ⏹️ Cancelled: retried { $done } of { $total } failed jobs. The rest is untouched.
progress-cancelled-clear-failed = ⏹️ Cancelled: cleared { $done } of { $total } failed jobs. The rest is untouched.
progress-stopped-retry-all = ⚠️ Stopped: retried { $done } of { $total } failed jobs. The rest is untouched.
progress-stopped-clear-failed = ⚠️ Stopped: cleared { $done } of { $total } failed jobs. The rest is untouched.
progress-bar = { $bar } { $percent }% · { $done } of { $total }
progress-refused =
    { $count ->
        [one] 1 failed job was not moved, because the database refused it:
       *[other] { $count } failed jobs were not moved, because the database refused them. The first:
    }
progress-skipped =
    { $count ->
        [one] 1 skipped: it was gone or had changed meanwhile.
       *[other] { $count } skipped: they were gone or had changed meanwhile.
    }
progress-reason = Why: { $reason }
progress-by = By { $by } · { $age } · operation { $operation }
cancelled = ⏹️ Operation { $operation } stops after its current batch. { $done } of { $total } are done and stay done.

## Receipts
receipt-processed = ✅ Job { $id } was processed, { $age } after its retry.
receipt-failed-same = 🔴 Job { $id } failed again with the same error, { $age } after its retry: it is failed job { $again } now.
receipt-failed-again = 🔴 Job { $id } failed again, { $age } after its retry: it is failed job { $again } now.
receipt-failed-otherwise = 🔴 Job { $id } failed again with another error, { $age } after its retry: it is failed job { $again } now.
receipt-late = ⏳ Job { $id } is still in the queue, { $age } after its retry. Are its workers running?
receipt-stopped-following = ⏳ Job { $id } is still in the queue, { $age } after its retry. It is not followed any longer.
receipt-no-longer-queued = ⚪ Job { $id } is no longer queued. The queue is too long to tell whether it runs later under another id.
receipt-deleted = 🗑️ Job { $id } is no longer queued: it was deleted.
receipt-deleted-by = 🗑️ Job { $id } is no longer queued: { $by } deleted it.
receipt-taken-back = ↩️ Job { $id } is no longer queued: { $by } undid its retry.
receipt-for = For { $by }
receipt-word-waiting = ⏳ waits
receipt-word-late = ⏳ still waits
receipt-word-processed = ✅ processed
receipt-word-failed-again = 🔴 failed again
receipt-word-failed-otherwise = 🔴 failed with another error
receipt-word-no-longer-queued = ⚪ no longer queued
receipt-word-stopped-following = ⏳ not followed any longer
receipts-ended = All of them have ended, { $age } after the start.
receipts-wait = Not all of them have run yet, { $age } after the start.
receipts-look = All of them have run, { $age } after the start. The bot looks once more whether one failed.
receipts-stopped = Not all of them have run, { $age } after the start. They are not followed any longer.
canary-waiting =
    { $count ->
        [one] 🐤 Waiting for the first job before the others follow:
       *[other] 🐤 Waiting for the first { $count } jobs before the others follow:
    }
canary-ended =
    { $count ->
        [one] 🐤 The first job:
       *[other] 🐤 The first { $count } jobs:
    }
receipt-count-processed = ✅ { $count } processed
receipt-count-failed-again = 🔴 { $count } failed again
receipt-count-failed-otherwise = 🔴 { $count } failed with another error
receipt-count-waiting =
    { $count ->
        [one] ⏳ 1 waits
       *[other] ⏳ { $count } wait
    }
receipt-count-no-longer-queued = ⚪ { $count } no longer queued
receipt-count-stopped-following = ⏳ { $count } not followed any longer

## Alerts
alert-open = 🔴 *Failed job { $id }*
alert-retried = 🔁 *Failed job { $id }*
alert-deleted = 🗑️ *Failed job { $id }*
alert-gone = ⚪ *Failed job { $id }*
settled-retried = Retried.
settled-retried-by = Retried by { $by }, { $at }.
settled-deleted = Deleted.
settled-deleted-by = Deleted by { $by }, { $at }.
settled-gone = No longer in failed_jobs.
summary-lead =
    { $count ->
        [one] 🔴 *1 more job failed in this minute*
       *[other] 🔴 *{ $count } more jobs failed in this minute*
    }
summary-lead-settled =
    { $count ->
        [one] ⚪ *1 more job failed in this minute*
       *[other] ⚪ *{ $count } more jobs failed in this minute*
    }
summary-left =
    { $left ->
        [one] 1 of them is still failed.
       *[other] { $left } of them are still failed.
    }
summary-all-settled = All of them were retried or deleted.
summary-span = from { $since } to { $until }

## Audit
audit-who = { $mark } { $who } · { $command }
audit-times = { $outcome } ×{ $count }
audit-target = { $row } ({ $more })
audit-more-targets =
    { $count ->
        [one] 1 more
       *[other] { $count } more
    }
audit-terminal = in the terminal
audit-home = in the app's Home
audit-link = message
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
possible-repeat = (may repeat an earlier message: Slack did not confirm it)
letter-given-up = ⚠️ Slack did not take a message of queue-bot for <#{ $channel }> ({ $reason }), { $count } times. It was given up so that the next ones go out; the log has it as letter { $letter }.
audit-missing = ⚠️ Audit { $records }: missing from the database. { $verify } says what else is.
audit-untold = Audit { $records }: Slack refused its message. { $tail } shows it.
channel-unreachable = ⚠️ queue-bot cannot post in <#{ $channel }> ({ $reason }). Its messages wait: invite the bot there, or choose another channel.
channel-unreachable-alerts = ⚠️ queue-bot cannot post in <#{ $channel }> ({ $reason }). Its alerts come here until it can: invite the bot there, or choose another channel.
health-undelivered = ⚠️ { $channel }: { $count ->
        [one] one message is
       *[other] { $count } messages are
    } not delivered, the oldest for { $age }.
health-undelivered-because = ⚠️ { $channel }: { $count ->
        [one] one message is
       *[other] { $count } messages are
    } not delivered, the oldest for { $age }. Slack says { $error }.
history-title = *History*, newest first
history-none = Nothing was changed or refused yet.

## Orders and history
find-title = *Order*
find-now = Now: { $what }
find-now-nowhere = Now neither failed nor in the queue, as far as was looked.
find-now-failed = { $count } failed
find-now-pending = { $count } pending
find-now-delayed = { $count } delayed
find-now-reserved = { $count } reserved
find-failed = ❌ *Failed job { $id }*
find-failed-then = ▫️ failed job { $id }
find-gone = ▫️ failed job { $id } is gone, not through this bot
find-became-job = { $row } → job { $job }
find-bulk = bulk change { $operation }
find-kept = the archive still has it
find-earlier = … and { $count } earlier
find-earlier-more = … and more than { $count } earlier
find-looked-all =
    { $count ->
        [0] Searched the index of failures and the audit; there are no jobs in the queue.
        [one] Searched the only job in the queue, the index of failures and the audit.
       *[other] Searched all { $count } jobs in the queue, the index of failures and the audit.
    }
find-looked-newest = Searched the index of failures, the audit, and of the jobs in the queue only the newest { $newest }.
find-looked-ends = Searched the index of failures, the audit, and of the jobs in the queue only the newest { $newest } and the oldest { $oldest }.
find-looked-of = There are about { $count }.
find-looked-time = ⏱️ The search stopped early, because its time was up: something may be missing.
find-none = Nothing is known of it.
find-none-hint = An order is found by exactly what the payloads say, capital letters too. Failures that are gone are known for 30 days.
find-indexing = ⏳ What failed before the bot's first start is still being read in: older failures may be missing.
fate-as = { $word } (failed job { $id })
fate-by = { $word } ({ $how } by { $by })
fate-unknown = outcome not known
retries =
    { $count ->
        [one] Retried once: { $who }.
       *[other] Retried { $count } times: { $who }.
    }
retries-by = { $who } { $count }
retries-last = Last outcome: { $became }.
history-none-here = No record fits.
history-narrow = There may be older ones. To narrow it down: { $filters }
button-older = Older
button-order = Show order
help-find = everything about one order
problem-one-order = Exactly one order is needed

## People and help
whoami-role = You are { $who }; your role is *{ $role }*.
whoami-rule = It comes from the rule { $rule }.
whoami-none = No rule gives you a role. Whoever runs the bot can add you.
whoami-changes-here = Changes are allowed here, as far as your role goes.
whoami-changes-elsewhere = Changes are not allowed here, only in { $channels }.
whoami-changes-nowhere = Changes are not allowed in any channel.
whoami-may = You may run: { $commands }
help-title = *What you can do*
help-row = { $usage } — { $what }
help-foot = Several ids work where ID… stands: { $ids }. A value with spaces takes quotes: { $quoted }.
help-other = a command that was added without a description
help-status = what every queue holds, and the oldest pending job
help-jobs = the jobs in the queue
help-failed = the jobs that failed permanently
help-job = everything about one job
help-failed-job = everything about one failed job, with its exception
help-retry = move failed jobs back to the queue
help-retry-all = move all failed jobs back, after a preview
help-delete = take jobs out of the queue
help-delete-failed = delete failed jobs without a retry
help-clear-failed = delete all failed jobs, after a preview
help-cancel = stop a bulk change between two batches: your own, or as admin any
help-history = who changed what, and what was refused
help-whoami = your role here, and why
help-help = this list

## Answers of the app itself
working = ⏳ This takes a moment; the answer follows here.
not-known-yet = ⏳ It is not known yet whether this was done. The answer follows here and in the audit channel; please do not click or type it again.
modal-result = Result
modal-close = Close
modal-too-late = Slack took too long to open the dialog. Nothing was changed; please try again.

## Refusals: sentences without a full stop, as the queue's API words them
refusal-lead = { $mark } { $sentence }.
refusal-question = { $mark } { $sentence }
refusal-refused = This was refused: { $code }
refusal-usage = Usage: { $usage }
refusal-holders =
    { $more ->
        [0] Who can: { $names }
       *[other] Who can: { $names } and { $more } more
    }
refusal-holders-none = Nobody has this role yet.
refusal-channels =
    { $more ->
        [0] Allowed in: { $names }
       *[other] Allowed in: { $names } and { $more } more
    }
refusal-channels-none = No channel allows changes yet.
refusal-queues = Queues that the bot may change: { $queues }
refusal-unknown-command = There is no command { $word }. Did you mean { $nearest }?
refusal-denied = Not allowed: this needs the role { $needed }, yours is { $has }. Nothing was changed
refusal-denied-many = Not allowed: these are { $total } failed jobs, and more than { $most } at once need the role { $needed }; yours is { $has }. Nothing was changed. With limit={ $most } you may take the oldest of them
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
refusal-wrong-queue-all = The bot may change only some of the queues, and this is about all of them. Nothing was changed; please name one with queue=
refusal-unverifiable = Your role cannot be verified, because Slack did not answer. Nothing was changed; please try again in a minute
refusal-job-not-found = Job { $id } not found: it was already processed or moved to failed
refusal-job-not-found-retried = Job { $id } not found: it was already retried by { $by } at { $at }
refusal-job-not-found-deleted = Job { $id } not found: it was already deleted by { $by } at { $at }
refusal-job-not-found-undone = Job { $id } not found: { $by } took its retry back at { $at }
refusal-failed-job-not-found = Failed job { $id } not found: it was already retried or deleted
refusal-failed-job-not-found-retried = Failed job { $id } not found: it was already retried by { $by } at { $at }
refusal-failed-job-not-found-deleted = Failed job { $id } not found: it was already deleted by { $by } at { $at }
refusal-changed = { $id } is now another job than the one that was shown. It was left alone; please look again
refusal-plan-expired =
    { $action ->
        [cancel] This operation is not running any more
       *[other] This confirmation has expired or was used already. Nothing was changed; please start again
    }
refusal-count-mismatch = The number typed is not the { $expected } that was shown. Nothing was changed
refusal-nothing-to-do = Nothing was changed
refusal-operation-running = { $by } is already running { $command } there. Nothing was changed; please wait for its end
refusal-still-running = { $command } did not get to its end here: { $done } of { $total } failed jobs were carried out when it was last seen. A bot that runs goes on with operation { $operation }
refusal-unfinished = { $command } ended before its end: { $done } of { $total } failed jobs were carried out, the rest was left alone
refusal-request-id-used = This request id was used for another request. Nothing was changed; please choose another id
refusal-busy = The database is busy. Nothing was changed; please try again
refusal-database-down = The database cannot be reached. Nothing was changed
refusal-outcome-unknown = The database did not say whether the change was made. Please look before you try again: the same request is never carried out twice
refusal-read-only = Changes are off: the database does not allow them now. Nothing was changed
bug =
    { $nothing_changed ->
        [1] ⚠️ Something broke in the bot. Nothing was changed. It is in the log as { $incident }.
       *[other] ⚠️ Something broke in the bot. Please look at the queue before you try again. It is in the log as { $incident }.
    }

## Reasons in a few words, for the audit
reason-refused = refused
reason-unknown-command = no such command
reason-invalid = not understood
reason-denied = the role is not enough
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
reason-unfinished = ended before its end
reason-still-running = it was still running
reason-canary-failed = one of the jobs that were tried first failed again
reason-canary-silent = the jobs that were tried first were not processed in time: are the workers running?
reason-canary-gone = one of the jobs that were tried first was taken away
reason-batch-failed = a batch could not be carried out; the log says why
reason-request-id-used = the request id was another request's
reason-busy = the database was busy
reason-database-down = the database could not be reached
reason-outcome-unknown = the database did not confirm
reason-read-only = changes were off

## Error groups
button-retry-group = Retry group…
scope-since = { " " }since { $at }
errors-title = *Errors*{ $scope }, most failed jobs first
errors-none = ✅ No errors{ $scope }.
errors-totals = Failed jobs: { $failed } · Error groups: { $groups }
errors-indexing = ⚠️ Older failures are still being read in and are not among these.
error-row = *{ $error }*
error-title = *Error group { $error }*
error-name = Error group { $error }
error-failed =
    { $count ->
        [0] none left
        [one] 1 failed job
       *[other] { $count } failed jobs
    }
error-appeared = { $count } failed in this time
error-queue = { $queue } ({ $count })
error-more-queues =
    { $count ->
        [one] and 1 more queue
       *[other] and { $count } more queues
    }
error-first = first { $at }
error-last = last { $at }
error-orders =
    { $count ->
        [one] order { $orders }
       *[other] orders { $orders }
    }
error-bleeding = 🔴 still failing: { $count } in the last { $minutes } min
error-bleeding-many = 🔴 still failing: { $count } or more in the last { $minutes } min
error-pile = ⚪ nothing new for { $age }
error-bar = last { $hours } h: { $bar } { $count }
error-hours = last { $hours } h: { $count } ({ $figures })
label-seen = *Seen:*
label-orders = *Orders of the newest:*
label-in-common = *What they have in common*
label-example = *The newest of them* (secrets masked)
label-newest-failures = *Newest failed jobs of this group*
error-none-left = No failed job of this group is left among its newest.
help-errors = failures by what caused them, and whether that goes on
help-error = everything about one error group
refusal-error-group-not-found = There is no error group { $id }: its failures are gone, or it never was
reason-error-group-not-found = error group not found
problem-group = { $value } is not an error group like E12
problem-since = { $field } can be at most { $value }: older hours are not kept apart

## What is wrong with an argument
problem-unknown-key = There is no argument { $field }
problem-twice = { $field } is given twice
problem-extra-word = { $value } is one word too many
problem-too-long = That is too long: at most { $expected } characters
problem-quote = A quotation mark is missing its partner
problem-missing = An argument is missing: { $field }
problem-less_than_equal = { $field } can be at most { $expected }, not { $value }
problem-greater_than_equal = { $field } must be at least { $expected }, not { $value }
problem-literal_error = { $field } must be { $expected }, not { $value }
problem-int_parsing = { $field } must be a whole number, not { $value }
problem-string_too_long = { $field } is too long
problem-id = { $value } is not an id
problem-id-zero = Ids begin at 1
problem-range = { $value } is not a range of at most 20 ids
problem-range-many = { $value } is not a range of at most 1,000 ids
problem-count = One to 20 ids are possible at once, not { $value }
problem-count-many = One to 1,000 ids are possible at once, not { $value }
problem-one = Exactly one id is needed
problem-no-value = { $field } needs a value
problem-bool_parsing = { $field } must be yes or no, not { $value }
problem-age = { $value } is not a length of time like 30m, 12h or 7d
problem-old-button = This button is from another version of the bot. Please ask for the list again
problem-other = { $field } cannot be { $value }

### Choosing what a bulk change is about, and how it goes
scope-error = { " " }with the error { $error }
scope-order = { " " }of order { $order }
scope-tienda = { " " }of shop { $tienda }
scope-after = { " " }that failed at { $at } or later
scope-limit = { " " }(at most { $count }, the oldest first)
scope-between = { " " }that failed from { $from } until before { $at }
bulk-title-retry = Retry failed jobs
bulk-submit-retry = Retry them
label-samples = *Newest of them*
bulk-rate = How fast may they begin?
bulk-rate-option =
    { $count ->
        [0] As fast as the workers are
        [one] 1 a minute
       *[other] { $count } a minute
    }
bulk-canary = Try some first?
bulk-canary-option =
    { $count ->
        [0] No, all of them at once
        [one] 1 first, the rest if it goes well
       *[other] { $count } first, the rest if they go well
    }
bulk-note-rate =
    { $count ->
        [one] At most 1 a minute: the last one begins after { $age }.
       *[other] At most { $count } a minute: the last one begins after { $age }.
    }
bulk-note-canary =
    { $count ->
        [one] 1 is tried first; the rest follows only if it goes well.
       *[other] { $count } are tried first; the rest follows only if they go well.
    }
bulk-queued =
    { $count ->
        [one] ⚠️ 1 of them is of an order that has a job in the queue already: { $orders }
       *[other] ⚠️ { $count } of them are of orders that have a job in the queue already: { $orders }
    }
bulk-processed-later =
    { $count ->
        [one] ⚠️ 1 of them is of an order that a retried job went through with since: { $orders }
       *[other] ⚠️ { $count } of them are of orders that a retried job went through with since: { $orders }
    }
bulk-identical =
    { $count ->
        [one] ⚠️ 1 of them has the same payload as another one.
       *[other] ⚠️ { $count } of them have the same payload as another one.
    }
bulk-duplicates-bounded = Not everything was looked through for duplicates: only the newest, and not for long.
bulk-final = ⚠️ *No copies are kept:* this cannot be undone.
bulk-ids-missing =
    { $count ->
        [one] ⚠️ 1 of the ids is not among these: it is no failed job any more, or does not fit the rest.
       *[other] ⚠️ { $count } of the ids are not among these: they are no failed jobs any more, or do not fit the rest.
    }
progress-rate =
    { $count ->
        [one] At most 1 a minute begins.
       *[other] At most { $count } a minute begin.
    }
problem-retry-what = Say what to retry: ids like 45 46 50-60, or error=E12, queue=, order=, before=, after=. For everything there is retry-all
problem-when = { $value } is not a time like 2h, 2025-11-07 or 2025-11-07T17:45
problem-rate = { $value } is not a rate like 60/min, 10/s or 600/h

### The digest
help-digest = what was done, what failed and what is still open, since the last digest
digest-title = *Digest of { $day }*
digest-title-days = *Digest of { $first } to { $last }*
digest-zone = Days by the clock of { $zone }.
digest-unknown = not known
digest-count = { $count }
digest-at-least = at least { $count }
digest-change = { $change } on the week before ({ $before })
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
        [one] 1 other
       *[other] { $count } others
    }
digest-label-slow = *Slowest*
digest-waited = { $at }: { $queue } had a job waiting for { $age }
digest-backlog = { $at }: { $count } pending, the most
digest-nothing-slow = No job waited.
digest-label-incidents = *Incidents*
digest-opened =
    { $count ->
        [0] none opened
        [one] 1 opened
       *[other] { $count } opened
    }
digest-opened-more = more than { $count } opened
digest-over =
    { $count ->
        [one] 1 of them over after { $age }
       *[other] { $count } of them over, half of these after { $age } or less
    }
digest-open-now =
    { $count ->
        [0] none open now
        [one] 1 open now
       *[other] { $count } open now
    }
digest-lasted = { $name } lasted { $age }
digest-open-for = { $name } is open since { $at }
digest-incident = { $id } { $what }
digest-rule-new_failures = new failures
digest-rule-summary = many failures at once
digest-rule-oldest_job = oldest job too old
digest-rule-stuck_jobs = reserved for too long
digest-rule-failed_count = many failed jobs
digest-rule-backlog_growth = backlog growing
digest-rule-no_worker_activity = workers silent
digest-rule-background_problem = queue-bot's own work
digest-label-errors = *Open error groups*
digest-errors =
    { $groups ->
        [0] none
        [one] 1, failed jobs: { $failed }
       *[other] { $groups }, failed jobs: { $failed }; the largest:
    }
digest-error = *{ $error }* { $count }
digest-gap = No samples for { $age }: what is counted by looking is not complete.
digest-no-samples = No samples of these days.
digest-began = The bot began to watch at { $at }: what was before is not known.

### The chart

chart-none = Nothing is known of this time yet: the bot looks every few seconds from its start on.
chart-day-title = *Last { $hours } hours*
chart-day-pending = pending, at most { $count }
chart-day-processed = processed, about { $count }
chart-day-failures = new failures: { $count }
chart-missing = Nobody watched for { $age } of it.
chart-title-day = *The last 24 hours*: { $scope }
chart-title-week = *The last 7 days*: { $scope }
chart-all = all queues
chart-there = Jobs that were there
chart-happened = What happened
chart-axis = { $zone }
chart-series-pending = pending
chart-series-reserved = reserved
chart-series-failed = failed
chart-series-processed = processed
chart-series-failures = new failures
chart-series-oldest = oldest, minutes
chart-line = { $at }: { $figures }
chart-line-gap = { $at }: nobody watched
chart-part-pending = pending { $count }
chart-part-reserved = reserved { $count }
chart-part-failed = failed { $count }
chart-part-processed = processed { $count }
chart-part-failures = new failures { $count }
chart-part-oldest = oldest { $age }
chart-sum-processed = about { $count } processed
chart-sum-failures = new failures: { $count }
chart-most-pending = pending at most { $count }
chart-most-oldest = oldest job at most { $age }
chart-processed-unknown = What was processed is not known of all of it: the table's counter does not say.
chart-processed-of-all = What was processed is known of all queues together only.
chart-how = Pending, reserved and failed: the highest of each stretch. Processed: about, as jobs that left the queue without failing. Times: { $zone }.
help-chart = the last 24 hours or 7 days as charts
problem-span = { $value } is not a time that the chart shows: 24h or 7d



### App Home
home-title = Queue dashboard
home-wrong =
    { $count ->
        [one] 🔴 1 open incident
       *[other] 🔴 { $count } open incidents
    }
home-look = 🟠 No open incidents, but look below
home-unwell = 🟠 No open incidents, but queue-bot itself has a problem
home-well = 🟢 No open incidents
home-as-of = As of { $at }
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
        [one] 1 failure, { $left } left
       *[other] { $count } failures, { $left } left
    }
home-acknowledged = 👀 Acknowledged by { $by } { $at }
home-more-incidents =
    { $count ->
        [one] 1 more incident is open.
       *[other] { $count } more incidents are open.
    }
home-oldest-label = *Oldest eligible*
home-failed-label = *Failed*
home-pending-label = *Pending*
home-reserved-label = *Reserved*
home-delayed-label = *Delayed*
home-groups-label = *Error groups*
home-oldest = { $age } · { $queue }
home-oldest-late = ⚠️ { $age } · { $queue }
home-none-waits = ✅ none waits
home-some = { $count }
home-many = ⚠️ { $count }
home-late-note = ⚠️ A job that could run has waited for over { $limit }: are the workers running?
home-uncounted = ❓ The totals are not known yet: the tables are large, and the first count goes on in the background.
home-queues = Queues
home-queue = { $queue }
home-queue-late = { $queue } ⚠️ oldest { $age }
home-day = Last 24 hours
home-errors = Errors, most failed jobs first
home-failed = Failed jobs, newest first
home-queue-pending = { $count } pending
home-queue-reserved = { $count } reserved
home-queue-delayed = { $count } delayed
home-errors-late = ❓ The error groups could not be read in time. Refresh tries again.
home-failed-late = ❓ The failed jobs could not be read in time. Refresh tries again.

### What is watched besides failures

rule-oldest-job = ⏳ *{ $queue }:* the oldest job has been waiting for { $age }; the limit is { $limit }.
rule-oldest-job-over = ⏳ *{ $queue }:* no job is waiting any more.
rule-no-worker-activity = 🔕 *{ $queue }:* the workers are silent. For { $age } they took no job and ended none.
rule-no-worker-activity-over = 🔕 *{ $queue }:* the workers were silent, and now they take jobs again.
rule-no-worker-activity-empty = 🔕 *{ $queue }:* the workers were silent, and now no job is waiting any more.
rule-no-worker-activity-oldest = The oldest job has been waiting for { $age }.
rule-waiting =
    { $counted ->
        [exact] { $count ->
            [one] 1 job is waiting.
           *[other] { $count } jobs are waiting.
        }
        [about] About { $count } jobs are waiting.
       *[least] At least { $count } jobs are waiting; there are too many to look at them all.
    }
rule-workers-still = Nothing moves: for { $age } no worker took or ended a job.
rule-workers-slow = The workers make progress, the last time { $age } ago, but too slowly: more workers would help, or faster jobs.
rule-workers-moving = The workers make progress, the last time { $age } ago.
rule-workers-busy =
    { $count ->
        [one] The workers are busy with 1 job.
       *[other] The workers are busy with { $count } jobs.
    }
rule-workers-unknown = Whether the workers make progress cannot be said yet.
rule-stuck-jobs =
    { $counted ->
        [exact] { $count ->
            [one] 🔒 *{ $queue }:* 1 job has been reserved for more than { $limit }.
           *[other] 🔒 *{ $queue }:* { $count } jobs have been reserved for more than { $limit }.
        }
       *[least] 🔒 *{ $queue }:* at least { $count } jobs have been reserved for more than { $limit }.
    }
rule-stuck-jobs-over = 🔒 *{ $queue }:* no job is reserved for more than { $limit } any more.
rule-stuck-jobs-job = job { $id }: { $age }
rule-stuck-jobs-timeout = ⚠️ This limit, { $limit }, is below the workers' own timeout, { $timeout }: a job may take that long though all is well.
rule-more = and { $count } more
rule-failed-count = 🧱 *{ $count } failed jobs* have piled up; the limit is { $limit }.
rule-failed-count-fewer = 🧱 *Failed jobs:* { $count }; the limit is { $limit }.
rule-failed-count-group =
    { $count ->
        [one] { $error }: 1 · { $name }
       *[other] { $error }: { $count } · { $name }
    }
rule-failed-count-hint = Look for the error they share ({ $errors }), fix it, then retry them all.
rule-backlog-growth =
    { $counted ->
        [exact] { $count ->
            [one] 📈 *{ $queue }:* 1 job is waiting.
           *[other] 📈 *{ $queue }:* { $count } jobs are waiting.
        }
       *[about] 📈 *{ $queue }:* about { $count } jobs are waiting.
    }
rule-backlog-growth-empty = 📈 *{ $queue }:* no job is waiting any more.
rule-backlog-growth-grown = That is { $grown } more than { $minutes } minutes ago, and it keeps growing.
rule-backlog-growth-more = That is { $grown } more than { $minutes } minutes ago.
rule-backlog-growth-over = It is not growing any more.
rule-backlog-growth-hint = Jobs come faster than the workers end them: are all workers running, and do jobs take longer than usual?
rule-peak = At worst: { $figure }.
rule-background-problem = 🩺 *queue-bot:* { $part } does not work.
rule-background-problem-over = 🩺 *queue-bot:* { $part } works again.


### Alerts that somebody takes up, or nobody wants to be told of for a while
what-new_failures = new failures of *{ $error }*
what-oldest_job = an eligible job has waited for too long in { $queue }
what-stuck_jobs = a job has been reserved for too long in { $queue }
what-failed_count = many failed jobs
what-backlog_growth = the backlog of { $queue } grows
what-no_worker_activity = the workers of { $queue } are silent
what-background_problem = a part of queue-bot does not work
what-summary = many failures within a minute
what-other = an alert of the kind { $rule }
every-queue = all queues
mute-of-group = the error group *{ $error }*
mute-of-queue = the queue { $queue }
mute-of-rule = alerts of the kind { $rule }
acknowledge-done = 👀 You acknowledged *{ $id }*: { $what }. It is not escalated any more; its message says that you are at it.
acknowledge-done-by = 👀 *{ $by } acknowledged { $id }*: { $what }.
mute-done = 🔕 Muted until { $at }: { $topic }.
mute-done-by = 🔕 *{ $by } muted* { $topic } until { $at }.
mute-extended = It was muted until { $at } already; that is longer now.
mute-effect = What happens is still recorded, and messages that are there still change. Nothing new is posted and nothing escalated. What is open when the mute ends is posted then.
mute-incidents =
    { $count ->
        [one] 1 open alert is about it.
       *[other] { $count } open alerts are about it.
    }
mute-no-jobs = The queue { $queue } has no job now.
unmute-done = 🔔 Not muted any more: { $topic }.
unmute-done-by = 🔔 *{ $by } ended the mute* of { $topic }.
unmute-early = It would have ended at { $at }.
help-acknowledge = say that you are at it: an open alert is not escalated any more
help-mute = post nothing about one error group, queue or kind of alert for a while
help-unmute = end a mute before its time
refusal-incident-not-found = There is no incident { $id }
refusal-incident-closed = Incident { $id } is over since { $at }: there is nothing to acknowledge
refusal-already-acknowledged = { $by } acknowledged { $id } already, at { $at }
refusal-queue-not-found = Nothing is known of a queue { $queue }: it has no job, and none of it ever failed. Nothing was muted
refusal-known-queues = Queues that are known: { $queues }
refusal-already-muted = { $word } is muted until { $at } already, by { $by }: that is longer. To shorten it, unmute it first
refusal-not-muted = { $word } is not muted
refusal-not-muted-by = { $word } is not muted any more: { $by } ended that at { $at }
refusal-muted-otherwise = What { $id } is about is not muted itself: { $by } muted { $word }, until { $at }. To end that: { $nearest }
reason-incident-not-found = no such incident
reason-incident-closed = the incident was over
reason-already-acknowledged = it was acknowledged already
reason-queue-not-found = no such queue
reason-already-muted = it was muted for longer already
reason-not-muted = it was not muted
reason-muted-otherwise = another mute covers it
problem-incident = { $value } is not an incident like I12
problem-one-incident = Exactly one incident is needed
problem-mute-what = Exactly one thing is needed: error=E12, queue=NAME, alert=KIND, or an incident like I12
problem-mute-length = { $field } must be from 5m to 7d

### What is watched, and by whom
watch-title = *What is watched*
watch-holder = 👁️ { $replica } has watched for { $age }. Its lease is good until { $at } and is renewed every few seconds (epoch { $epoch }).
watch-nobody = ⚠️ *Nobody watches now:* the last lease ended at { $at }. Is { $run } up?
watch-cost = A look takes { $last } ms of the database's time.
watch-cost-unknown = What a look costs the database is not known yet.
watch-worst = At worst { $worst } ms within the last hour, { $age } ago.
watch-worst-high = ⚠️ At worst { $worst } ms within the last hour, { $age } ago: more than { $most } ms.
watch-too-soon = ⚠️ { $setting } ({ $limit }) is below the workers' own timeout ({ $timeout }): jobs that are only slow are told of as stuck.
watch-no-channel = ⚠️ { $setting } is not set: no alert is posted.
watch-incidents =
    { $count ->
        [one] *1 open alert*
       *[other] *{ $count } open alerts*, the newest first
    }
watch-incidents-none = ✅ No alert is open.
watch-incident = *{ $id }* { $what }, for { $age }
watch-count =
    { $count ->
        [one] 1 failure
       *[other] { $count } failures
    }
watch-seen = 👀 { $by }
watch-muted = 🔕 until { $at }
watch-more-incidents = … and { $count } more.
watch-mutes =
    { $count ->
        [one] *1 mute*
       *[other] *{ $count } mutes*, those that end first first
    }
watch-mutes-none = Nothing is muted.
watch-mute = 🔕 { $topic } until { $at }, by { $by }
watch-more-mutes = … and { $count } more. { $command } ends any of them.
watch-limits = *An alert is opened for*
watch-limit = • { $rule } { $limit }
watch-new_failures =
    { $count ->
        [one] new failures of an error group, at once; above 1 alert a minute, one for the rest
       *[other] new failures of an error group, at once; above { $count } alerts a minute, one for the rest
    }
watch-oldest_job = an eligible job that waits for longer than { $age }
watch-no_worker_activity = eligible jobs, while no worker takes or ends any for { $age }
watch-stuck_jobs = a job that a worker holds for longer than { $age }
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
watch-background_problem = a part of queue-bot itself that does not work
watch-life = What nobody acknowledges is told again after { $escalate }. It is over when nothing was wrong for { $recover }.
watch-channel = Alerts: { $channel }
watch-digest = Digest: { $time } ({ $zone }), { $days }, { $channel }
watch-no-digest = No digest.
watch-day-mon = Mon
watch-day-tue = Tue
watch-day-wed = Wed
watch-day-thu = Thu
watch-day-fri = Fri
watch-day-sat = Sat
watch-day-sun = Sun
help-watch = what is watched: open alerts, mutes, limits, and who watches
button-unmute = Unmute

### Incidents
incident-undrawn = ⚠️ *{ $id }*: the message of this incident cannot be drawn; the log of the bot says why. /queue watch and /queue errors show what is wrong in the queue.
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
incident-span = first { $first }, last { $last }
incident-retried = { $count } retried
incident-deleted = { $count } deleted
incident-otherwise = { $count } went without the bot
incident-by = last by { $by }, { $at }
incident-left = { $left } still failed
incident-waits = None of them is failed any more; what becomes of the jobs is not known yet.
incident-quiet = Nothing new for { $age }, so this counts as quiet. What failed is still there.
incident-acknowledged = 👀 { $by } sees to it, since { $at }
incident-muted = 🔕 muted until { $until }
incident-mention = For { $group }
incident-unseen = ⏰ Open for { $age } and nobody has acknowledged it: { $now }
incident-grown = 📈 It has grown from { $before } to { $now }
incident-reopened = 🔴 It is back, { $age } after it was over: { $now }
incident-over = ✅ Back to normal after { $age }.
incident-over-figures = ✅ Back to normal after { $age }: { $figures }.
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
button-mute = Mute 1 h
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
button-watch = What is watched
button-stuck = Stuck jobs

### The bot's own background work
background-stalled = ⚠️ *The background work stands still:* none of its rounds has ended for { $age }.
background-step-failing = ⚠️ *{ $step } fails:* it has not succeeded for { $age } ({ $error }).
background-step-late = ⚠️ *{ $step } has stopped:* it has not ended for { $age }.
background-index-lag = ⚠️ *Failed job { $id }* has waited { $age } to enter the index of failures.
background-unsealed = ⚠️ *Audit record { $id }* has waited { $age } to be sealed.
background-sample-old = ⚠️ *The newest sample of the queue* is { $age } old.
background-sample-missing = ⚠️ *No sample of the queue* has been taken for { $age }.
background-unseen = ⚠️ *{ $part } could not be checked* ({ $error }): nobody knows whether it works.
background-more =
    { $count ->
        [one] … and 1 more problem.
       *[other] … and { $count } more problems.
    }
background-hint = The bot's log names the reason: search it for { $line }.
background-part-watcher = the background work
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
background-means-watcher = Alerts, figures and messages may be missing.
background-means-failures = New failures may raise no alert, and lists and counts may lack them.
background-means-counts = The counts in the lists of errors are old.
background-means-incidents = Alerts come late, or not at all.
background-means-retries = Messages about retries do not say what became of the jobs.
background-means-operations = Bulk changes may stand still.
background-means-audit = Changes are on record, but neither sealed nor posted.
background-means-outbox = Alerts, audit messages and digests are not posted.
background-means-metrics = The totals and the chart are old, and alerts may rest on old figures.
background-means-digest = The digest is not posted.
background-means-purge = The bot's own tables grow.
background-step-index = Indexing new failures
background-step-scan = Scanning older failures
background-step-group = Opening incidents
background-step-aggregate = Adding up counts
background-step-merge = Adding up the counts of past days
background-step-probe = Checking the queues
background-step-lifecycle = Updating incidents
background-step-refresh = Editing alerts
background-step-outcomes = Tracking retried jobs
background-step-bulk-outcomes = Tracking bulk retries
background-step-canary = Judging canaries
background-step-bulk = Running bulk changes
background-step-seal = Sealing audit records
background-step-deliver = Delivering messages
background-step-sample = Sampling the queue
background-step-roll = Rolling up samples
background-step-digest = Posting the digest
background-step-purge = Purging old records
background-step-load = Measuring the database load
background-step-health = Checking the background work
