<?php

// Laravel's own queue, on Debian's packages, put together as an application puts it together.
// Usage: php laravel.php push|work|retry. The first line of the input has the layout and the database in JSON.
// `push` dispatches one job of each kind. `work` runs Laravel's worker until the input is closed.
// `retry` runs the framework's own `queue:retry all`.

error_reporting(E_ALL & ~E_DEPRECATED);

require_once 'Illuminate/Events/autoload.php';
require_once 'Illuminate/Bus/autoload.php';
require_once 'Illuminate/Cache/autoload.php';
require_once 'Illuminate/Encryption/autoload.php';
require_once 'Illuminate/Queue/autoload.php';
require_once __DIR__ . '/Dispatchable.php';

use Illuminate\Bus\Batchable;
use Illuminate\Bus\BatchFactory;
use Illuminate\Bus\BatchRepository;
use Illuminate\Bus\DatabaseBatchRepository;
use Illuminate\Bus\Dispatcher as Bus;
use Illuminate\Bus\PendingBatch;
use Illuminate\Bus\Queueable;
use Illuminate\Cache\ArrayStore;
use Illuminate\Cache\Repository as Cache;
use Illuminate\Container\Container;
use Illuminate\Contracts\Debug\ExceptionHandler;
use Illuminate\Contracts\Queue\ShouldBeEncrypted;
use Illuminate\Contracts\Queue\ShouldBeUnique;
use Illuminate\Contracts\Queue\ShouldQueue;
use Illuminate\Database\Capsule\Manager as Database;
use Illuminate\Encryption\Encrypter;
use Illuminate\Events\Dispatcher as Events;
use Illuminate\Queue\CallQueuedClosure;
use Illuminate\Queue\Connectors\DatabaseConnector;
use Illuminate\Queue\Console\RetryCommand;
use Illuminate\Queue\Events\JobFailed;
use Illuminate\Queue\Failed\DatabaseFailedJobProvider;
use Illuminate\Queue\Failed\DatabaseUuidFailedJobProvider;
use Illuminate\Queue\InteractsWithQueue;
use Illuminate\Queue\QueueManager;
use Illuminate\Queue\Worker;
use Illuminate\Queue\WorkerOptions;
use Illuminate\Support\Collection;
use Symfony\Component\Console\Input\ArrayInput;
use Symfony\Component\Console\Output\NullOutput;

$told = json_decode(fgets(STDIN), true, 512, JSON_THROW_ON_ERROR);
$isSpec = $told['layout'] === 'spec';
$app = Container::getInstance();
$database = new Database(new Container());
$database->addConnection($told + [
    'driver' => 'mysql',
    'charset' => 'utf8mb4',
    'collation' => 'utf8mb4_unicode_ci',
    'prefix' => '',
    'strict' => true,
]);
$resolver = $database->getDatabaseManager();

/** Fail during the outage, otherwise write the effect down with the digest of the payload. */
function work(object $job, string $name): void
{
    global $database;
    $connection = $database->getConnection();
    if ($connection->table('outage')->value('broken')) {
        throw new RuntimeException('MySQL server has gone away');
    }
    $payload = $job->job->getRawBody();
    $connection->table('effects')->insert(['name' => $name, 'digest' => hash('sha256', $payload)]);
}

abstract class Job implements ShouldQueue
{
    use Batchable;
    use InteractsWithQueue;
    use Queueable;

    protected string $text = '';

    public function __construct(public string $name, int $bytes = 0)
    {
        $this->text = str_repeat('ñ"\\', intdiv($bytes, 4));
    }

    public function handle(): void
    {
        work($this, $this->name);
    }
}

class Plain extends Job
{
}

class Persistent extends Job
{
    public $tries = 5;
    public $backoff = 0;
}

class Secret extends Job implements ShouldBeEncrypted
{
}

class Once extends Job implements ShouldBeUnique
{
}

/** The failed jobs of the specification, which have neither a connection nor a uuid. */
class FailedJobsOfTheSpec extends DatabaseFailedJobProvider
{
    public function log($connection, $queue, $payload, $exception)
    {
        $failed_at = gmdate('Y-m-d H:i:s');
        $exception = (string) $exception;
        return $this->getTable()->insertGetId(compact('queue', 'payload', 'exception', 'failed_at'));
    }
}

class Urgent extends Job
{
    public int $until = 0;

    /** Fail for good at once: until its deadline, Laravel tries such a job again and again. */
    public function handle(): void
    {
        try {
            parent::handle();
        } catch (RuntimeException $error) {
            $this->fail($error);
        }
    }

    public function retryUntil(): int
    {
        return $this->until;
    }
}

/** Return a job that fails for good at this time. */
function urgent(string $name, int $until): Urgent
{
    $job = new Urgent($name);
    $job->until = $until;
    return $job;
}

/** Dispatch a job, as the helper of the framework's foundation does. */
function dispatch(object $job): mixed
{
    return Container::getInstance()->make(Bus::class)->dispatch($job);
}

$app->instance(Illuminate\Contracts\Container\Container::class, $app);
$app['config'] = [
    'queue.default' => 'database',
    'queue.connections.database' => [
        'driver' => 'database',
        'table' => 'jobs',
        'queue' => 'default',
        'retry_after' => 90,
    ],
];
$events = new Events($app);
$failing = $isSpec ? FailedJobsOfTheSpec::class : DatabaseUuidFailedJobProvider::class;
$failer = new $failing($resolver, 'default', 'failed_jobs');
$app->instance('events', $events);
$app->instance(Illuminate\Contracts\Events\Dispatcher::class, $events);
$app->instance('queue.failer', $failer);
$queue = new QueueManager($app);
$queue->addConnector('database', fn () => new DatabaseConnector($resolver));
$app->instance('queue', $queue);
$app->instance(Illuminate\Contracts\Queue\Factory::class, $queue);
$app->instance(Illuminate\Contracts\Encryption\Encrypter::class, new Encrypter(str_repeat('k', 32), 'AES-256-CBC'));
$app->instance(Illuminate\Contracts\Cache\Repository::class, new Cache(new ArrayStore()));
$bus = new Bus($app, fn ($connection = null) => $queue->connection($connection));
$app->instance(Bus::class, $bus);
$app->instance(Illuminate\Contracts\Bus\Dispatcher::class, $bus);
$batches = new DatabaseBatchRepository(new BatchFactory($queue), $database->getConnection(), 'job_batches');
$app->instance(BatchRepository::class, $batches);
$events->listen(JobFailed::class, fn (JobFailed $event) => $failer->log(
    $event->connectionName,
    $event->job->getQueue(),
    $event->job->getRawBody(),
    $event->exception
));

class Quiet implements ExceptionHandler
{
    public function report(Throwable $e)
    {
        if (!$e instanceof RuntimeException) {
            throw $e;
        }
    }

    public function shouldReport(Throwable $e)
    {
        return false;
    }

    public function render($request, Throwable $e)
    {
    }

    public function renderForConsole($output, Throwable $e)
    {
    }
}

switch ($argv[1]) {
    case 'push':
        dispatch(new Plain('plain'));
        dispatch(new Plain('large', 230_000));
        dispatch(new Persistent('persistent'));
        dispatch(new Secret('encrypted'));
        dispatch(new Once('unique'));
        dispatch(CallQueuedClosure::create(static fn (CallQueuedClosure $job) => work($job, 'closure')));
        if (!$isSpec) {
            // In the spec's layout a retry keeps the payload, so this job would fail again without running.
            dispatch(urgent('passed', time() + 1));
        }
        dispatch(urgent('ahead', time() + 3600));
        dispatch((new Plain('first'))->chain([new Plain('second'), new Secret('third')]));
        (new PendingBatch($app, new Collection([new Plain('batch-1'), new Plain('batch-2')])))
            ->allowFailures()->dispatch();
        break;
    case 'work':
        stream_set_blocking(STDIN, false);
        $worker = new Worker($queue, $events, new Quiet(), fn () => false);
        $options = new WorkerOptions(sleep: 0, maxTries: 1);
        while (!feof(STDIN)) {
            fread(STDIN, 1);
            $worker->runNextJob('database', 'default', $options);
            usleep(2000);
        }
        break;
    case 'retry':
        $command = new RetryCommand();
        $command->setLaravel($app);
        $command->run(new ArrayInput(['id' => ['all']]), new NullOutput());
        break;
}
