<?php

// Laravel's own `queue:retry all`, on Debian's packages: the command, the database's list of failed
// jobs and the database's queue, put together as an application puts them together. The database is
// told in JSON on the input; seconds, rows and Laravel's version come out as JSON.

error_reporting(E_ALL & ~E_DEPRECATED);

require_once 'Illuminate/Events/autoload.php';
require_once 'Illuminate/Queue/autoload.php';

use Illuminate\Container\Container;
use Illuminate\Database\Capsule\Manager as Database;
use Illuminate\Events\Dispatcher;
use Illuminate\Queue\Connectors\DatabaseConnector;
use Illuminate\Queue\Console\RetryCommand;
use Illuminate\Queue\Failed\DatabaseUuidFailedJobProvider;
use Illuminate\Queue\QueueManager;
use Symfony\Component\Console\Input\ArrayInput;
use Symfony\Component\Console\Output\NullOutput;

$told = json_decode(stream_get_contents(STDIN), true, 512, JSON_THROW_ON_ERROR);

$database = new Database(new Container());
$database->addConnection($told + [
    'driver' => 'mysql',
    'charset' => 'utf8mb4',
    'collation' => 'utf8mb4_unicode_ci',
    'prefix' => '',
    'strict' => true,
]);
$resolver = $database->getDatabaseManager();

$app = new Container();
$app['config'] = [
    'queue.default' => 'database',
    'queue.connections.database' => [
        'driver' => 'database',
        'table' => 'jobs',
        'queue' => 'default',
        'retry_after' => 90,
    ],
];
$app->instance('events', new Dispatcher($app));
$app->instance('queue.failer', new DatabaseUuidFailedJobProvider($resolver, 'default', 'failed_jobs'));
$queue = new QueueManager($app);
$queue->addConnector('database', fn () => new DatabaseConnector($resolver));
$app->instance('queue', $queue);

$command = new RetryCommand();
$command->setLaravel($app);

$jobs = $database->getConnection()->table('jobs');
$before = $jobs->count();
$began = hrtime(true);
$command->run(new ArrayInput(['id' => ['all']]), new NullOutput());
$took = (hrtime(true) - $began) / 1e9;

echo json_encode(['seconds' => $took, 'rows' => $jobs->count() - $before]);
