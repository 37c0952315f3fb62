<?php
// A worker of the two tables, as CodeIgniter 4 and Laravel write it: it reserves the job with the
// lowest id, works, and deletes the job; after the last attempt it writes the failure down.
// Usage: php worker.php DSN USER PASSWORD. The worker ends when its standard input is closed.

[, $dsn, $user, $password] = $argv;
$db = new PDO($dsn, $user, $password, [
    PDO::ATTR_ERRMODE => PDO::ERRMODE_EXCEPTION,
    PDO::ATTR_DEFAULT_FETCH_MODE => PDO::FETCH_ASSOC,
    PDO::ATTR_EMULATE_PREPARES => false,
]);
stream_set_blocking(STDIN, false);

const RETRY_AFTER = 90;

/** Run a transaction; the victim of a deadlock tries again. */
function transaction(PDO $db, callable $work): mixed
{
    while (true) {
        $db->beginTransaction();
        try {
            $result = $work();
            $db->commit();
            return $result;
        } catch (PDOException $error) {
            if ($db->inTransaction()) {
                $db->rollBack();
            }
            if (!in_array($error->errorInfo[1] ?? 0, [1205, 1213], true)) {
                throw $error;
            }
        }
    }
}

/** Reserve the next job that may run, or return null. */
function pop(PDO $db): ?array
{
    return transaction($db, function () use ($db): ?array {
        $now = time();
        $found = $db->prepare(
            'SELECT * FROM jobs WHERE queue = ? AND ((reserved_at IS NULL AND available_at <= ?)'
            . ' OR reserved_at <= ?) ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED'
        );
        $found->execute(['netsuite', $now, $now - RETRY_AFTER]);
        $job = $found->fetch();
        if ($job === false) {
            return null;
        }
        $job['attempts'] += 1;
        $db->prepare('UPDATE jobs SET reserved_at = ?, attempts = ? WHERE id = ?')
            ->execute([$now, $job['attempts'], $job['id']]);
        return $job;
    });
}

/** Do the job's work: one row per effect, with the payload's digest. */
function work(PDO $db, array $job): void
{
    if ($db->query('SELECT broken FROM outage')->fetchColumn()) {
        throw new RuntimeException('NetSuite sync failed: exception - MySQL server has gone away');
    }
    $data = json_decode($job['payload'], true, 512, JSON_THROW_ON_ERROR);
    $db->prepare('INSERT INTO effects (order_id, digest) VALUES (?, ?)')
        ->execute([$data['data']['order_id'], hash('sha256', $job['payload'])]);
}

/** Release the job after a failed attempt, or write the failure down after the last one. */
function fail(PDO $db, array $job, Throwable $error): void
{
    if ($job['attempts'] < $job['max_attempts']) {
        $db->prepare('UPDATE jobs SET reserved_at = NULL WHERE id = ?')->execute([$job['id']]);
        return;
    }
    $db->prepare('DELETE FROM jobs WHERE id = ?')->execute([$job['id']]);
    $db->prepare('INSERT INTO failed_jobs (queue, payload, exception, failed_at) VALUES (?, ?, ?, ?)')
        ->execute([$job['queue'], $job['payload'], (string) $error, gmdate('Y-m-d H:i:s')]);
}

while (!feof(STDIN)) {
    fread(STDIN, 1);
    $job = pop($db);
    if ($job === null) {
        usleep(5000);
        continue;
    }
    try {
        work($db, $job);
        $db->prepare('DELETE FROM jobs WHERE id = ?')->execute([$job['id']]);
    } catch (RuntimeException $error) {
        fail($db, $job, $error);
    }
}
