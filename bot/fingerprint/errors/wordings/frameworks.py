"""Texts about what a framework's application does not have: a view, a route, a service, a setting.

`errors/wordings/versions.py` describes the table.
"""

_CLASS = r"(?P<name>[\w\\.$]{1,200})"
# Without its extensions, because a file's name with an extension is a value elsewhere.
_VIEW = r"(?P<name>[\w@./:!\\-]{1,200}?)(?:\.(?:html|php|twig|txt|tpl|phtml|erb|jinja2?)){0,3}"
_MISSING = r"The view [\g<name>] is missing"

FRAMEWORKS: tuple[tuple[str, str, str, tuple[str, ...]], ...] = (
    # Views
    (
        "CodeIgniter: missing view",
        "Invalid file: ",
        _MISSING,
        (rf"\AInvalid file: \"?{_VIEW}\"?\Z",),
    ),
    (
        "Laravel: missing view",
        "View [",
        _MISSING,
        (rf"\AView \[{_VIEW}\] not found\b[^\n]*",),
    ),
    (
        "Yii: missing view",
        "view file does not exist",
        _MISSING,
        (rf"\AThe view file does not exist: (?:[^\s]{{0,400}}[\\/])?{_VIEW}(?:\s[^\n]*)?\Z",),
    ),
    (
        "Twig, Symfony: missing template",
        'template "',
        _MISSING,
        (
            rf"\AUnable to find template \"{_VIEW}\"[^\n]*",
        ),
    ),
    (
        "Twig: missing template of old versions",
        'Template "',
        _MISSING,
        (rf"\ATemplate \"{_VIEW}\" is not defined\b[^\n]*",),
    ),
    (
        "Rails: missing template",
        "Missing template",
        _MISSING,
        (r"\AMissing template (?P<name>[\w./-]{1,120}),? [^\n]*",),
    ),
    (
        "Rails: missing partial",
        "Missing partial",
        _MISSING,
        (r"\AMissing partial (?P<name>[\w./-]{1,120}),? [^\n]*",),
    ),
    (
        "Twig: place in a template",
        " at line ",
        r"\g<error> in the view [\g<name>]",
        (rf"(?P<error>\A[^\n]{{1,300}}?) in \"{_VIEW}\" at line \d{{1,6}}\.?\Z",),
    ),
    # Routes
    (
        "Laravel: missing parameter of a route",
        "Missing required parameter",
        r"Missing required parameter for [Route: \g<name>]",
        (r"\AMissing required parameters? for \[Route: (?P<name>[^\]\n]{1,120})\][^\n]*",),
    ),
    (
        "Symfony: missing parameter of a route",
        "to generate a URL for route",
        r"Missing required parameter for [Route: \g<name>]",
        (
            (r"\ASome mandatory parameters are missing \([^\n)]{1,200}\) to generate a URL for "
            r"route \"(?P<name>[\w.-]{1,120})\"[^\n]*"),
        ),
    ),
    (
        "Rails: missing parameter of a route",
        "No route matches {",
        r"No route matches \g<controller>#\g<action>",
        (
            (r"\ANo route matches \{:?action(?:=>|: )\"(?P<action>\w{1,80})\", "
            r":?controller(?:=>|: )\"(?P<controller>[\w/]{1,80})\"[^\n]*"),
        ),
    ),
    # Settings
    (
        "Laravel: missing connection of a queue",
        "queue connection has not been configured",
        r"Queue connection [\g<name>] not configured",
        (r"\AThe \[(?P<name>[\w.-]{0,80})\] queue connection has not been configured",),
    ),
    (
        "Laravel: unknown driver",
        "] is not supported",
        r"\g<driver> not supported",
        (r"(?P<driver>\A(?:Driver|Unsupported driver) \[[\w.-]{1,80}\]) is not supported",),
    ),
    (
        "Laravel: unknown driver of old versions",
        "Unsupported driver [",
        r"Driver [\g<name>] not supported",
        (r"\AUnsupported driver \[(?P<name>[\w.-]{1,80})\](?: not supported)?",),
    ),
    (
        "Symfony: missing environment variable",
        "nvironment variable not found",
        r"Environment variable [\g<name>] not found",
        (r"\AEnvironment variable not found: \"?(?P<name>\w{1,80})\"?",),
    ),
    # Services
    (
        "Laravel: the class that needs a service",
        " while building [",
        "",
        (r" while building \[[^\]\n]{1,600}\]",),
    ),
    (
        "Laravel: missing value of a constructor",
        "Unresolvable dependency",
        r"Unresolvable dependency \g<parameter> in class \g<name>",
        (
            r"\AUnresolvable dependency resolving \[Parameter #\d{1,2} \[ <required> "
            r"[^\n\]]{0,200}?(?P<parameter>\$\w{1,80}) \]\] in class " + _CLASS + r"[^\n]*",
        ),
    ),
    (
        "Symfony: missing service",
        "non-existent service",
        r"Missing service \g<name>",
        (
            r"\A[^\n]{0,200}\bnon-existent service \"(?P<name>[\w\\.:-]{1,200})\"[^\n]*",
        ),
    ),
    (
        "Spring: missing bean",
        "No qualifying bean of type",
        r"No qualifying bean of type \g<name>",
        (
            (r"\ANo qualifying bean of type [\['](?P<name>[\w.$<>]{1,200})[\]'](?! available: "
            r"expected single)[^\n]*"),
        ),
    ),
    (
        "Nest: missing provider",
        "Nest can't resolve dependencies",
        r"Nest can't resolve dependencies of \g<name>",
        (
            r"(?s)\ANest can't resolve dependencies of the (?P<name>[\w<>]{1,120})[ .].*",
        ),
    ),
    (
        "Symfony: missing class of the global namespace",
        "from the global namespace",
        r'Class "\g<name>" not found',
        (
            (r"(?s)\AAttempted to load (?:class|interface|trait) \"(?P<name>\w{1,80})\" from the "
            r"global namespace.*"),
        ),
    ),
    (
        "Symfony: missing function",
        "Attempted to call function",
        r"Call to undefined function \g<name>()",
        (r"(?s)\AAttempted to call function \"(?P<name>\w{1,80})\" from .*",),
    ),
    (
        "Symfony: missing method",
        "Attempted to call an undefined method",
        r"Call to undefined method \g<class>::\g<name>()",
        (
            (r"(?s)\AAttempted to call an undefined method named \"(?P<name>\w{1,80})\" of class "
            r"\"(?P<class>[\w\\]{1,200})\".*"),
        ),
    ),
    (
        "Laravel: missing method of a class with macros",
        " does not exist",
        r"Call to undefined method \g<class>::\g<name>()",
        (r"\AMethod (?P<class>[\w\\]{1,200})::(?P<name>\w{1,80}) does not exist",),
    ),
    # Records
    (
        "Hibernate: relation outside of its session",
        "could not initialize proxy",
        r"no session for \g<role>",
        (
            (r"\A(?:failed to lazily initialize a collection of role|could not initialize proxy)"
            r"[:,]? \[?(?P<role>[\w.$]{1,200}\w)[^\n]* - no [sS]ession[^\n]*"),
        ),
    ),
    (
        "Hibernate 6: relation outside of its session",
        "annot lazily initialize",
        r"no session for \g<role>",
        (
            r"\ACannot lazily initialize collection of role '(?P<role>[\w.$]{1,200})'[^\n]*",
        ),
    ),
    (
        "Hibernate, Spring: changed record",
        "was updated or deleted by another transaction",
        r"\g<name> was updated by another transaction",
        (
            (r"\ARow was updated or deleted by another transaction[^\n\[]{0,100}\[(?P<name>[\w.$]"
            r"{1,200})#[^\n]*"),
        ),
    ),
    (
        "Spring: changed record",
        "optimistic locking failed",
        r"\g<name> was updated by another transaction",
        (r"\AObject of class \[(?P<name>[\w.$]{1,200})\] with identifier [^\n]*",),
    ),
    (
        "Mongoose: value of another type",
        "Cast to ",
        r"Cast to \g<type> failed at path '\g<path>'\g<model>",
        (
            (r"\ACast to (?P<type>\w{1,40}) failed for value [^\n]{1,600}? at path "
            r"\"(?P<path>[\w.$]{1,100})\"(?: because of \"\w{1,60}\")?"
            r"(?P<model>(?: for model \"\w{1,80}\")?)[^\n]*"),
        ),
    ),
    (
        "Mongoose: changed record",
        "No matching document found for id",
        "No matching document found for id",
        (r"\ANo matching document found for id [^\n]*",),
    ),
    # Images
    (
        "Intervention: type of an image",
        "Unsupported image type",
        "Unsupported image type",
        (r"\AUnsupported image type(?: [\w/+.-]{1,80})?\. [^\n]*",),
    ),
    (
        "Intervention: file that is no image",
        "nable to read image from ",
        "Unable to read image",
        (r"\AUnable to read image from [^\n]*",),
    ),
    (
        "ImageMagick: type of a file that its policy refuses",
        "not a",
        "the security policy refuses the file",
        (
            r"\Aattempt to perform an operation not allowed by the security policy\b[^\n]*",
            r"\Anot authorized(?: `[^\n]*)?\Z",
        ),
    ),
    (
        "Sharp: type of an image",
        "unsupported image format",
        "Unsupported image format",
        (r"\AInput (?:file|buffer) contains unsupported image format[^\n]*",),
    ),
)  # fmt: skip
