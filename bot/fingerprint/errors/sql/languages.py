"""Sentences of databases in other languages, written as in English.

A server writes its sentences in the language of its settings, and SQL Server in that of the login.
"""

import re

from bot.fingerprint.errors.sql.catalogue import Catalogue

# Spanish sentences, for drivers that write no code
FOREIGN_POSTGRES = Catalogue(
    r"""
23505 llave duplicada viola restricci[oó]n de unicidad
23503 (?:la )?inserci[oó]n o actualizaci[oó]n en la tabla [^\n]{1,80} viola la llave for
23503 update o delete en [^\n]{1,100} viola la llave for
23502 el valor (?:nulo|null) (?:en|para) la columna
23514 el nuevo registro para la relaci[oó]n
42P01 no existe la relaci[oó]n
42P07 la relaci[oó]n [^\n]{1,130} ya existe
42703 no existe la columna
40P01 se ha detectado un deadlock
25P02 transacci[oó]n abortada, las [oó]rdenes ser
28P01 la autenti(?:fi)?caci[oó]n password fall[oó]
3D000 no existe la base de datos
"""
)
FOREIGN_MYSQL = Catalogue(
    r"""
1062 Entrada duplicada '
1146 (?:La t|T)abla '[^'\n]{1,130}' no existe
1054 Columna desconocida '
1054 La columna '[^'\n]{1,130}' en [^\n]{1,60} es desconocida
1048 La columna '[^'\n]{1,130}' no puede ser nula
1364 El campo '[^'\n]{1,130}' no tiene un valor por
1406 Datos (?:demasiado|muy) largos para la columna '
1049 Base de datos desconocida '
1205 Tiempo de bloqueo de espera excedido
1213 Encontrado (?:deadlock|punto muerto)
1040 Demasiadas conexiones
1045 Acceso denegado para (?:el )?usuario:? '
"""
)
# SQL Server's sentences in Spanish and in English. `{1}` is a name, and `...` is the line's rest.
_SERVER_SENTENCES = """
Infracción de la restricción {1} KEY '{2}' = Violation of {1} KEY constraint '{2}'
No se puede insertar una fila de clave duplicada en el objeto '{1}' con índice único '{2}'\
 = Cannot insert duplicate key row in object '{1}' with unique index '{2}'
No se puede insertar el valor NULL en la columna '{1}', tabla '{2}'...\
 = Cannot insert the value NULL into column '{1}', table '{2}'; column does not allow nulls
Instrucción {1} en conflicto con la restricción {2} "{3}"\
 = The {1} statement conflicted with the {2} constraint "{3}"
El nombre de objeto '{1}' no es válido = Invalid object name '{1}'
El nombre de columna '{1}' no es válido = Invalid column name '{1}'
El nombre de columna '{1}' es ambiguo = Ambiguous column name '{1}'
Nombre de columna '{1}' ambiguo = Ambiguous column name '{1}'
La transacción ({1}) quedó en interbloqueo...\
 = Transaction (Process ID 1) was deadlocked on lock resources with another process and has been\
 chosen as the deadlock victim
Se excedió el tiempo de espera de la solicitud de bloqueo... = Lock request time out period exceeded
Se ha superado el tiempo de espera de la solicitud de bloqueo...\
 = Lock request time out period exceeded
Los datos de cadena o binarios se truncarían en la tabla '{1}', columna '{2}'\
 = String or binary data would be truncated in table '{1}', column '{2}'
Los datos de cadena o binarios se truncarían = String or binary data would be truncated
Error de conversión al convertir el valor {1} '{2}' al tipo de datos {3}.\
 = Conversion failed when converting the {1} value '1' to data type {3}.
Error al convertir una cadena de caracteres en fecha y/u hora\
 = Conversion failed when converting date and/or time from character string
Error de conversión al convertir una cadena de caracteres en fecha y/u hora\
 = Conversion failed when converting date and/or time from character string
Error al convertir el tipo de datos {1} a {2}. = Error converting data type {1} to {2}.
Error de desbordamiento aritmético al convertir {1} al tipo de datos {2}.\
 = Arithmetic overflow error converting {1} to data type {2}.
No se encontró el procedimiento almacenado '{1}' = Could not find stored procedure '{1}'
No se pudo encontrar el procedimiento almacenado '{1}' = Could not find stored procedure '{1}'
Sintaxis incorrecta cerca de = Incorrect syntax near
Se denegó el permiso {1} en el objeto '{2}', base de datos '{3}', esquema '{4}'\
 = The {1} permission was denied on the object '{2}', database '{3}', schema '{4}'
No se puede abrir la base de datos "{1}" solicitada...\
 = Cannot open database "{1}" requested by the login
Error de inicio de sesión del usuario '{1}' = Login failed for user '{1}'
Error de división entre cero = Divide by zero error encountered
El registro de transacciones de la base de datos '{1}' está lleno...\
 = The transaction log for database '{1}' is full due to 'x'
"""
_ACCENTS = str.maketrans(
    {letter: f"[{plain}{letter}]" for plain, letter in ("aá", "eé", "ií", "oó", "uú")}
)


def _sentences() -> tuple[tuple[re.Pattern[str], str], ...]:
    """Return the pattern and the English form of each of SQL Server's sentences."""
    pairs = [line.split(" = ") for line in _SERVER_SENTENCES.splitlines() if line]
    return tuple(
        (_pattern(spanish), re.sub(r"\{(\d)\}", r"\\\1", english)) for spanish, english in pairs
    )


def _pattern(spanish: str) -> re.Pattern[str]:
    form = re.escape(spanish).replace(r"\ ", " ").translate(_ACCENTS)
    form = form.replace(r"\.\.\.", r"[^\n]*")
    return re.compile(re.sub(r"\\\{\d\\\}", r"([^'\"\\n]{1,200}?)", form))


_SERVER = _sentences()
_SERVER_START = re.compile(
    r"(?:Infracci|No se |Instrucci|El (?:nombre|registro) de|Nombre de col|La transacci"
    r"|Se |Los datos de|Error (?:de|al) |Sintaxis inc)"
)
# PostgreSQL's English sentence of a state with a number of names. The names are the cause.
_OF_STATE = {
    ("23505", 1): 'duplicate key value violates unique constraint "{0}"',
    ("23503", 2): 'insert or update on table "{0}" violates foreign key constraint "{1}"',
    ("23503", 3): (
        'update or delete on table "{0}" violates foreign key constraint "{1}" on table "{2}"'
    ),
    ("23502", 1): 'null value in column "{0}" violates not-null constraint',
    ("23502", 2): 'null value in column "{0}" of relation "{1}" violates not-null constraint',
    ("23514", 2): 'new row for relation "{0}" violates check constraint "{1}"',
    ("23P01", 1): 'conflicting key value violates exclusion constraint "{0}"',
    ("42P01", 1): 'relation "{0}" does not exist',
    ("42P07", 1): 'relation "{0}" already exists',
    ("42703", 1): 'column "{0}" does not exist',
    ("42703", 2): 'column "{0}" of relation "{1}" does not exist',
    ("42702", 1): 'column reference "{0}" is ambiguous',
    ("28P01", 1): 'password authentication failed for user "{0}"',
    ("3D000", 1): 'database "{0}" does not exist',
    ("40P01", 0): "deadlock detected",
    ("25P02", 0): (
        "current transaction is aborted, commands ignored until end of transaction block"
    ),
    ("57P01", 0): "terminating connection due to administrator command",
}
_QUOTED = re.compile(r"[«»„\"“]\s?([^«»„“”\"\n]{1,130}?)\s?[»«“”\"]")
# MySQL's sentences with the position of the name among the quotes.
_OF_NUMBER = {
    "1062": ("Duplicate entry '1' for key '{}'", -1),
    "1146": ("Table '{}' doesn't exist", 0),
    "1054": ("Unknown column '{}' in 'clause'", 0),
    "1048": ("Column '{}' cannot be null", 0),
    "1364": ("Field '{}' doesn't have a default value", 0),
    "1406": ("Data too long for column '{}' at row 1", -1),
    "1265": ("Data truncated for column '{}' at row 1", -1),
    "1264": ("Out of range value for column '{}' at row 1", -1),
    "1049": ("Unknown database '{}'", 0),
}
_NAME = re.compile(r"'([\w.$-]{1,130})'")


def server_in_english(text: str) -> str:
    """Return SQL Server's Spanish sentence in English, and other texts unchanged."""
    if _SERVER_START.match(text):
        for form, common in _SERVER:
            if (match := form.match(text)) is not None:
                return match.expand(common) + text[match.end() :]
    return text


def state_in_english(state: str, text: str) -> str:
    """Return PostgreSQL's sentence of a state in English, if its names are the cause."""
    line = text.partition("\n")[0]
    names = [name for name in _QUOTED.findall(line) if name != "check"]
    sentence = _OF_STATE.get((state, len(names)))
    return sentence.format(*names) if sentence is not None else text


def number_in_english(number: str, text: str) -> str:
    """Return MySQL's sentence of a number in English, if its name tells what is wrong."""
    if number not in _OF_NUMBER:
        return text
    sentence, position = _OF_NUMBER[number]
    names = _NAME.findall(text.partition("\n")[0])
    return sentence.format(names[position]) if names else text
