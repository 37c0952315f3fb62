"""Texts of Python that differ between its versions, and of Django.

`errors/wordings/versions.py` describes the table.
"""

# Since 3.10, Python writes the class before a method's name; since 3.13, a guess at a wrong name.
_METHOD = r"\A(?:[\w.<>]{1,120}\.)?(?P<function>\w{1,80}|<lambda>)\(\) "
# A list of the arguments, or the line of a shell.
_COMMAND = r"Command ['\"]\[?u?['\"]?(?:[^\s'\",\]]{0,300}/)?(?P<command>[\w.-]{1,80})"

PYTHON: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    (
        "a guess at the right name",
        "Did you ",
        "",
        (r"[.?] Did you (?:mean|forget)[^\n]{0,200}\Z",),
    ),
    (
        "missing argument",
        " missing ",
        r"\g<function>() misses argument \g<names>",
        (
            _METHOD + r"missing \d{1,2} required (?:positional|keyword-only) arguments?: "
            r"(?P<names>[^\n]{1,200})",
        ),
    ),
    (
        "unknown argument",
        "unexpected keyword argument",
        r"\g<function>() got an unexpected keyword argument '\g<name>'",
        (_METHOD + r"got an unexpected keyword argument '(?P<name>\w{1,80})'[^\n]*",),
    ),
    (
        "too many arguments",
        " given",
        r"\g<function>() takes other arguments",
        (
            _METHOD + r"takes (?:from |exactly |at most |at least |no )?[^\n]{0,30}"
            r"arguments? \(?(?:but )?\d{1,3} (?:positional arguments? \(and [^\n)]{1,60}\) )?"
            r"(?:was |were )?given\)?[^\n]*",
        ),
    ),
    (
        "unset variable",
        "local variable '",
        r"unset variable '\g<name>'",
        (
            r"\Alocal variable '(?P<name>\w{1,80})' referenced before assignment[^\n]*",
            r"\Acannot access local variable '(?P<name>\w{1,80})' where [^\n]*",
        ),
    ),
    (
        "unset variable of an outer function",
        "free variable '",
        r"unset variable '\g<name>'",
        (
            r"\Afree variable '(?P<name>\w{1,80})' referenced before assignment[^\n]*",
            r"\Acannot access free variable '(?P<name>\w{1,80})' where [^\n]*",
        ),
    ),
    (
        "undefined name",
        "name '",
        r"name [\g<name>] is not defined",
        (r"\A(?:global )?name '(?P<name>\w{1,80})' is not defined[^\n]*",),
    ),
    (
        "missing name of a module",
        "annot import name ",
        r"cannot import name [\g<name>]",
        (r"\Acannot import name '?(?P<name>\w{1,80})'?(?:[ ,(][^\n]*)?\Z",),
    ),
    (
        "text and another type",
        "oncatenate ",
        "can only concatenate str",
        (
            r"\Acan only concatenate str \(not \"[\w.]{1,80}\"\) to str",
            r"\Acannot concatenate 'str' and '[\w.]{1,80}' objects",
        ),
    ),
    (
        "text and another type, until 3.6",
        " str",
        "can only concatenate str",
        (
            r"\Amust be str, not \w{1,60}\Z",
            r"\ACan't convert '[\w.]{1,80}' object to str implicitly",
        ),
    ),
    (
        "index of a list",
        " indices must be integers",
        r"\g<text>",
        (r"(?P<text>\A\w{1,20} indices must be integers)\b[^\n]*",),
    ),
    (
        "index of nothing",
        "__getitem__",
        "'NoneType' object is not subscriptable",
        (r"\A'NoneType' object has no attribute '__getitem__'",),
    ),
    (
        "element of no container",
        "argument of type '",
        r"argument of type '\g<type>' is not iterable",
        (r"\Aargument of type '(?P<type>\w{1,80})' is not (?:a container or )?iterable",),
    ),
    (
        "too many values",
        "too many values to unpack",
        "too many values to unpack",
        (r"\Atoo many values to unpack \([^\n]*",),
    ),
    (
        "not enough values",
        " to unpack",
        "not enough values to unpack",
        (
            r"\Aneed more than \d{1,4} values? to unpack",
            r"\Anot enough values to unpack \([^\n]*",
        ),
    ),
    (
        "unhashable key",
        "unhashable type: '",
        r"unhashable type: '\g<type>'",
        (r"\Acannot use '\w{1,80}' as a [^\n(]{1,40} \(unhashable type: '(?P<type>\w{1,80})'\)",),
    ),
    (
        "recursion",
        "maximum recursion depth",
        "maximum recursion depth exceeded",
        (r"\Amaximum recursion depth exceeded\b[^\n]*",),
    ),
    (
        # The byte and the reason depend on the data: the cause is the encoding of all data.
        "text of another encoding",
        " codec can't ",
        r"codec \g<codec> can't \g<verb>code",
        (
            (
                r"\A'(?P<codec>[a-z]{1,12})-?(?P<no>[\w-]{0,12})' codec can't (?P<verb>en|de)code "
                r"[^\n]*"
            ),
        ),
    ),
    (
        "value that is not for JSON",
        " is not JSON serializable",
        r"Object of type \g<type> is not JSON serializable",
        (
            (
                r"\A(?:Object of type '?(?:\w{1,60}\.){0,6}(?P<type>\w{1,80})'?"
                r") is not JSON serializable[^\n]*"
            ),
            (
                r"(?s)\A(?!Object of type )<?(?:[\w]{1,60}\.){0,6}(?P<type>[A-Za-z_]\w{0,80})"
                r"\b.{0,400} is not JSON serializable[^\n]*"
            ),
        ),
    ),
    (
        "value that is not for pickle",
        "an't pickle ",
        r"cannot pickle '\g<type>' object",
        (r"\A[Cc]an't pickle _?(?P<type>[\w.]{1,80}) objects",),
    ),
    (
        "value for pickle of a module with an underscore",
        "annot pickle '",
        r"cannot pickle '\g<type>' object",
        (r"\Acannot pickle '_?(?P<type>[\w.]{1,80})' object",),
    ),
    (
        "no JSON",
        "No JSON object could be decoded",
        "Expecting value",
        (r"\ANo JSON object could be decoded",),
    ),
    (
        "place in a JSON text",
        "(char ",
        r"\g<text>",
        (r"(?P<text>\A[A-Z][a-z' ]{4,60}): line \d+ column \d+ \(char \d+\)",),
    ),
    (
        "Django: more than one record",
        "returned more than one",
        r"get() returned more than one \g<model>",
        (r"\Aget\(\) returned more than one (?P<model>\w{1,80})\b[^\n]*",),
    ),
    (
        "Django: missing route",
        "Reverse for ",
        r"Reverse for route '\g<name>' not found",
        (r"\AReverse for '(?P<name>[\w:.-]{1,120})' (?:with [^\n]{0,600}? )?not found\b[^\n]*",),
    ),
    (
        "Django: fields of a model",
        "Choices are: ",
        "",
        (r"\. Choices are: [^\n]*",),
    ),
    (
        "Celery: the arguments of a task",
        "Can't retry ",
        r"Can't retry \g<task>",
        (r"(?s)\ACan't retry (?P<task>[\w.]{1,150})\[[\w-]{8,40}\] args:.*",),
    ),
    (
        "program that failed",
        "returned non-zero exit status",
        r'The command "\g<command>" failed, status \g<status>',
        (
            (
                rf"(?s)\A{_COMMAND}.{{0,1500}} "
                r"returned non-zero exit status (?P<status>\d{1,3})\.?\s*\Z"
            ),
        ),
    ),
    (
        "program that a signal ended",
        "died with <Signals.",
        r'The command "\g<command>" died with \g<signal>',
        (
            (
                rf"(?s)\A{_COMMAND}.{{0,1500}} "
                r"died with <Signals\.(?P<signal>\w{1,20}): \d{1,2}>\.?\s*\Z"
            ),
        ),
    ),
    (
        "program that takes too long",
        " timed out after ",
        r'The command "\g<command>" timed out',
        (
            (
                rf"(?s)\A{_COMMAND}.{{0,1500}} timed out after [\d.]{{1,20}} seconds\.?\s*\Z"
            ),
        ),
    ),
)  # fmt: skip
