"""Texts of queues and workers, and of their connections, that differ between versions.

`errors/wordings/versions.py` describes the table.
"""

_TASK = r"(?P<task>[\w.]{1,150}?)"
_ANY_TASK = r"(?P<task>[\w:./-]{1,150}?)"

WORKERS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "Celery: time limits",
        "ime limit (",
        r"\g<kind> time limit of \g<task>",
        (rf"\A(?P<kind>Soft|Hard) time limit \([\d.]{{1,12}}s?\) exceeded for {_TASK}\[[^\n]*",),
    ),
    (
        "Celery: unknown task",
        "Received unregistered task",
        r"Unknown task \g<task>",
        (rf"(?s)\AReceived unregistered task of type u?[\"']{_TASK}[\"'].*",),
    ),
    (
        "Celery: ended worker",
        "Worker exited prematurely",
        r"\g<start>",
        (r"(?P<start>Worker exited prematurely: (?:signal|exitcode) \d{1,3})\b[^\n]*",),
    ),
    (
        "RQ: ended process",
        "ork-horse ",
        r"Work-horse was terminated, status \g<status>",
        (
            (
                r"\AWork-horse (?:process )?(?:was )?terminated unexpectedly[;:]? "
                r"\(?waitpid returned (?P<status>\w{1,6})[^\n]*"
            ),
        ),
    ),
    (
        "RQ: time-out of a job",
        "maximum timeout value",
        "Task exceeded maximum timeout value",
        (r"\A(?:Task|Job) exceeded maximum timeout value[^\n]*",),
    ),
    (
        "Bull, BullMQ: stalled job",
        "stalled more than",
        "job stalled more than allowed",
        (r"\Ajob stalled more than (?:allowable limit|maxStalledCount|allowed)[^\n]*",),
    ),
    (
        "Delayed Job: time-out",
        "Delayed::Worker.max_run_time",
        "execution expired (Delayed::Worker.max_run_time)",
        (r"\Aexecution expired \(Delayed::Worker\.max_run_time is only [^)\n]{1,40}\)",),
    ),
    (
        "Rails: the wrapper of a database's error",
        "(ActiveRecord::",
        "",
        (r" \(ActiveRecord::\w{1,60}\)(?=:?(?:\n|\Z))",),
    ),
    ("Ruby: the class after the message", "Error)", "", (r" \([A-Z]\w{2,40}Error\)(?=\n|\Z)",)),
    ("Kafka: a client's code", "Local: ", "", (r"(?<=[a-z]) \(\w{3,40}\)\Z",)),
    ("Kafka: a broker's code", "Broker: ", "", (r"(?<=[a-z]) \(\w{3,40}\)\Z",)),
    ("Go: a repeated panic", " [recovered]", "", (r"(?s) \[recovered\].*",)),
    (
        "Python: missing module",
        "No module named",
        r"\g<text>'\g<name>'",
        (r"\A(?P<text>No module named )(?P<name>[\w.]{1,100})\Z",),
    ),
    (
        "Rails: missing record",
        "Couldn't find ",
        r"Couldn't find \g<model> with \g<key>",
        (r"\ACouldn't find (?P<model>[\w:]{1,100}) with [\"']?(?P<key>\w{1,60})[\"']?=[^\n]*",),
    ),
    (
        "Elixir: the map without a key",
        " not found in:",
        r"\g<text>",
        (r"(?s)(?P<text>\Akey \S{1,80} not found in):\s.*",),
    ),
    (
        "Spring: the driver's words",
        "Unable to acquire JDBC Connection",
        "",
        (r"\AUnable to acquire JDBC Connection \[(?=\w)", r"\] \[n/a\].*\Z"),
    ),
    (
        "Python: division",
        " by zero",
        "division by zero",
        (r"\A(?:(?:float|integer|decimal|floor) )?(?:division(?: or modulo)?|modulo) by zero",),
    ),
    (
        "Prisma: the link to its manual",
        ". More info: http",
        "",
        (r"\. More info: https?://[^\n]*",),
    ),
    (
        "Symfony: missing class",
        "Attempted to load",
        r'Class "\g<space>\\\g<name>" not found',
        (
            (
                r"(?s)\AAttempted to load \w{5,9} \"(?P<name>\w{1,80})\" from namespace "
                r"\"(?P<space>[\w\\]{1,200})\".*"
            ),
        ),
    ),
    ("Java: the radix of a number", " under radix ", "", (r" under radix \d{1,2}\b",)),
    (
        "PHP: missing function",
        "Call to undefined function",
        r"Call to undefined function \g<name>()",
        (r"\ACall to undefined function (?:\w{1,60}\\){1,9}(?P<name>\w{1,80})\(\)",),
    ),
    ("SQLAlchemy: the link to its manual", "(Background on", "", (r"\(Background on this [^\n]*",)),
    (
        "Symfony: invalid message",
        "failed validation",
        r"\g<start>\g<rest>",
        (
            (
                r"(?P<start>\AMessage of type \"[\w\\]{1,200}\" failed validation)[.:]\s{1,3}"
                r"(?P<rest>[^\n]{1,400}?)(?: \(code [\w-]{1,40}\))?\s*\Z"
            ),
        ),
    ),
    (
        "Flysystem: the reason of a failed operation",
        "Reason: ",
        "",
        (r"\AUnable to [^\n]{1,400}\n{1,3}Reason: (?=\S)",),
    ),
    (
        "PHP: classes that cannot be stored",
        "serialize or unserialize",
        r"Serialization of '\g<name>' is not allowed",
        (r"\AYou cannot serialize or unserialize (?P<name>\w{1,60}) instances\b",),
    ),
    (
        "Celery: the limit that a task exceeded",
        "TimeLimitExceeded(",
        "",
        (r"\A(?:Soft)?TimeLimitExceeded\([\d.]{0,12},?\)\Z",),
    ),
    (
        "Resque: ended process",
        "unhandled signal",
        r"Child process received unhandled signal \g<signal>",
        (
            (
                r"\AChild process received unhandled signal (?:pid \d{1,9} SIG\w{1,10} \(signal )?"
                r"(?P<signal>\d{1,2})\)?[^\n]*"
            ),
        ),
    ),
    (
        "Resque: worker that went away",
        "did not gracefully exit",
        r"The worker did not gracefully exit\g<job>",
        (r"\AWorker \S{1,200} did not gracefully exit(?P<job>[^\n]{0,200})",),
    ),
    (
        "Yii: missing class of a job",
        "instead of __PHP_Incomplete_Class",
        r"Incomplete class \g<name> of a job",
        (
            (
                r"(?s)\AJob \S{1,80} must be a JobInterface instance instead of "
                r"__PHP_Incomplete_Class.{0,200}?_Name\] => '(?:\w{1,80}\\{1,2}){0,9}"
                r"(?P<name>\w{1,80})'.*"
            ),
        ),
    ),
    (
        "Delayed Job: missing record",
        "RecordNotFound, class: ",
        r"Couldn't find \g<model> with id",
        (
            (
                r"\AActiveRecord::RecordNotFound, class: (?P<model>[\w:]{1,100}), primary key: "
                r"[^\n]*"
            ),
        ),
    ),
    (
        "Doctrine: new record of a relation",
        "configured to cascade persist",
        r"\g<start>",
        (r"(?P<start>\A[^\n]{1,300} not configured to cascade persist operations)[^\n]*",),
    ),
    (
        "asynq: unknown task",
        "andler not found for task",
        r"Unknown task \g<task>",
        (rf"\A[Hh]andler not found for task \"?{_ANY_TASK}\"?\Z",),
    ),
    (
        "Machinery: unknown task",
        "ask not registered",
        r"Unknown task \g<task>",
        (rf"\A[Tt]ask not registered(?: error)?: \"?{_ANY_TASK}\"?\Z",),
    ),
    (
        "Bull: unknown task",
        "Missing process handler",
        r"Unknown task \g<task>",
        (rf"\AMissing process handler for job type {_ANY_TASK}\Z",),
    ),
    (
        "River: unknown task",
        "job kind is not registered",
        r"Unknown task \g<task>",
        (rf"\Ajob kind is not registered in the client's Workers bundle: {_ANY_TASK}\Z",),
    ),
)
