"""PostgreSQL's sentences and conditions; its drivers other than PHP's write no state."""

import re

from bot.fingerprint.errors.sql.catalogue import Catalogue

POSTGRES = Catalogue(
    r"""
23505 duplicate key value violates unique constraint
23503 insert or update on table .{1,80} violates fo
23503 update or delete on table .{1,80} violates (?:RESTRICT|fo)
23502 null value in column
23502 column "[^"\n]{1,130}"(?: of (?:relation|table) "[^"\n]{1,130}")? contains null values
23514 new row for relation .{1,80} violates check
23514 check constraint "[^"\n]{1,130}" (?:of relation "[^"\n]{1,130}" )?is violated
23514 value for domain \w{1,80} violates check
23514 no partition of relation[ ]
40P01 deadlock detected
40001 could not serialize access
42P01 relation "[^"\n]{1,130}" does not exist
42P01 missing FROM-clause entry for table
42P01 invalid reference to FROM-clause entry for table
42701 column "[^"\n]{1,130}" (?:of relation "[^"\n]{1,130}" already exists|specified more than once)
42703 column "?[^"\n]{1,130}"?(?: of relation "[^"\n]{1,130}")? does not ex
42703 record "[^"\n]{1,130}" has no field
42803 column "[^"\n]{1,130}" must appear in the GROUP BY
42804 column "[^"\n]{1,130}" (?:is of type |cannot be cast automatically)
42804 COALESCE types[ ]
42804 UNION types[ ]
42804 CASE types[ ]
42804 argument of \w{1,20} must be type[ ]
428C9 column "[^"\n]{1,130}" can only be
428C9 cannot insert (?:a non-DEFAULT value )?into column
42883 function[^\n]{1,200} does not exist
42883 procedure[^\n]{1,200} does not exist
42883 operator[^\n]{0,200} does not exist
42883 could not identify an (?:equality|ordering) operator
42725 function[^\n]{1,200} is not unique
42725 operator[^\n]{1,200} is not unique
42601 syntax error at[ ]
42601 unterminated quoted
42601 INSERT has more
42601 VALUES lists must
42601 each UNION query must have
42601 zero-length delimited identifier
42601 bind message supplies[ ]
42501 permission denied for[ ]
42501 permission denied to[ ]
42501 must be (?:owner|superuser|member)
42501 new row violates row-level security policy
55P03 could not obtain lock on
55P03 canceling statement due to lock timeout
57014 canceling (?:statement|autovacuum task|query) due to
40001 canceling statement due to conflict with recovery
53300 sorry, too many clients
53300 remaining connection slots
53300 too many connections for (?:role|database)
53400 temporary file size exceeds[ ]
53100 could not (?:extend|write(?: to)?|resize|create) [^\n]{1,200}No space left
25P02 current transaction is aborted
25P03 terminating connection due to idle-in-transaction
25001 [A-Z][A-Z ]{1,40} cannot (?:run inside|be executed from)[ ]
25006 cannot execute \w{1,20}(?: \w{1,20})? in a read-only transaction
57P01 terminating connection due to administrator command
57P02 terminating connection because of crash of another server process
08006 server closed the connection
08006 terminating connection
08003 connection already closed
08003 the connection is closed
08003 connection is closed
08003 This connection has been closed
08003 no connection to the server
08006 the connection is lost
08006 connection was closed in the middle of operation
08006 SSL SYSCALL error: EOF detected
08006 can't get socket descriptor
08006 SSL connection has been
08006 An I/O error occurred while sending to the backend
08006 Lost connection to the backend
08006 Connection terminated
08006 could not (?:receive data from|send data to) server
22001 value too long for type
22007 invalid input syntax for (?:type )?(?:date|time)
22P02 invalid input syntax for[ ]
22P02 invalid input value for enum[ ]
22P02 malformed (?:array|record|range) literal
22003 integer out of range\b
22003 bigint out of range\b
22003 smallint out of range\b
22003 value "[^"\n]{1,60}" is out of range for type
22003 numeric field overflow
22004 null value cannot be assigned
22008 date/time field value out of range
22008 timestamp[^\n]{0,40} out of range
22008 interval[^\n]{0,40} out of range
22011 negative substring length not allowed
22012 division by zero
22021 invalid byte sequence for encoding
22023 cannot (?:extract elements|call \w{1,40}|deconstruct|get array length|set path)
22023 invalid value for parameter
2201B invalid regular expression
22P03 incorrect binary data format
22P05 unsupported Unicode escape sequence
22P05 character with byte sequence[ ]
23P01 conflicting key value violates exclusion
26000 prepared statement "[^"\n]{1,130}" does not exist
42P05 prepared statement "[^"\n]{1,130}" already exists
28P01 password authentication failed for user
28000 no pg_hba.conf entry
28000 role "[^"\n]{1,130}" (?:does not exist|is not permitted to log)
2BP01 cannot drop [^\n]{1,150} because[ ]
34000 cursor "[^"\n]{1,130}" does not exist
42P03 cursor "[^"\n]{1,130}" already exists
3B001 savepoint "[^"\n]{1,130}" does not exist
3D000 database "[^"\n]{1,130}" does not exist
55006 database "[^"\n]{1,130}" is being accessed
55000 cannot (?:insert into|update|delete from) view
55000 materialized view "[^"\n]{1,130}" has not been populated
55000 currval of sequence
3F000 schema "[^"\n]{1,130}" does not exist
3F000 no schema has been selected to create in
42P06 schema "[^"\n]{1,130}" already exists
42P07 relation "[^"\n]{1,130}" already exists
42710 type[^\n]{1,200} already exists
42710 role[^\n]{1,200} already exists
42710 constraint[^\n]{1,200} already exists
42710 extension[^\n]{1,200} already exists
42704 type "[^"\n]{1,130}" does not exist
42704 index "[^"\n]{1,130}" does not exist
42704 constraint "[^"\n]{1,130}"(?: of relation "[^"\n]{1,130}")? does not exist
42704 unrecognized configuration parameter
42809 "[^"\n]{1,130}" is not a (?:table|view|sequence|procedure)
42830 there is no unique constraint matching given keys
42P10 there is no unique or exclusion constraint matching the ON CONFLICT
42P10 SELECT DISTINCT ON
42P10 for SELECT DISTINCT
42P16 multiple primary keys for
42P16 cannot change (?:name|data type) of view
42P18 could not determine (?:data type of parameter|polymorphic)
42846 cannot cast type[ ]
42702 column reference "[^"\n]{1,130}" is ambiguous
42712 table name "[^"\n]{1,130}" specified more than once
42803 aggregate functions? (?:calls )?(?:cannot be|are not allowed)
21000 ON CONFLICT DO UPDATE command cannot affect
21000 more than one row returned by a subquery
0A000 cached plan must not change result type
0A000 cannot (?:alter type of a column used|use a variable|perform INSERT RETURNING)
53200 out of shared memory\b
54000 index row (?:size|requires)[ ]
54000 row (?:size|requires)[ ]
54001 stack depth limit exceeded
54000 total size of jsonb
58P01 could not (?:open|access|stat|read) file "
XX001 could not read block
XX001 invalid page in block
XX001 missing chunk number
57P05 terminating connection due to idle-session
57P03 the database system is (?:starting up|shutting down|in recovery|not yet accepting)
2F005 control reached end of function without RETURN
0A000 multiple assignments to same column
"""
)
# The classes of psycopg, Ruby's driver and asyncpg are the conditions' names of the manual.
_CONDITIONS = r"""
23505 uniqueviolation
23503 foreignkeyviolation
23502 notnullviolation
23514 checkviolation
23P01 exclusionviolation
40P01 deadlockdetected trdeadlockdetected
40001 serializationfailure trserializationfailure
42P01 undefinedtable
42703 undefinedcolumn
42883 undefinedfunction
42704 undefinedobject
42601 syntaxerror postgressyntax
42501 insufficientprivilege
55P03 locknotavailable
57014 querycanceled
53300 toomanyconnections
53100 diskfull
53200 outofmemory
25P02 infailedsqltransaction infailedsqltransactionerror
25P03 idleintransactionsessiontimeout
25001 activesqltransaction
25006 readonlysqltransaction
57P01 adminshutdown
57P02 crashshutdown
57P03 cannotconnectnow
22001 stringdatarighttruncation
22P02 invalidtextrepresentation
22003 numericvalueoutofrange
22007 invaliddatetimeformat
22008 datetimefieldoverflow
22012 divisionbyzero
22021 characternotinrepertoire
22023 invalidparametervalue
22P05 untranslatablecharacter
22004 nullvaluenotallowed
26000 invalidsqlstatementname
42P05 duplicatepreparedstatement duplicatepstatement
42P03 duplicatecursor
28P01 invalidpassword
28000 invalidauthorizationspecification
2BP01 dependentobjectsstillexist
34000 invalidcursorname
3D000 invalidcatalogname
3F000 invalidschemaname
42P07 duplicatetable
42701 duplicatecolumn
42710 duplicateobject
42702 ambiguouscolumn
42725 ambiguousfunction
42803 grouping groupingerror
42804 datatypemismatch
42809 wrongobjecttype
42830 invalidforeignkey
42P10 invalidcolumnreference
42P18 indeterminatedatatype
42846 cannotcoerce
21000 cardinalityviolation
0A000 featurenotsupported
54000 programlimitexceeded
54001 statementtoocomplex
54023 toomanyarguments
55000 objectnotinprerequisitestate
55006 objectinuse
58P01 undefinedfile
XX000 internalerror
XX001 datacorrupted
P0001 raiseexception raise
P0002 nodatafound
P0003 toomanyrows
P0004 assertfailure
"""
_STATES = {
    name: line.partition(" ")[0] for line in _CONDITIONS.splitlines() for name in line.split()[1:]
}
_NAME = re.compile(r"(?:psycopg\d?\.errors\.|asyncpg\.exceptions\.|PG::(?:T_)?)(?P<name>\w{3,60})")


def condition_state(name: str) -> str | None:
    """Return the SQLSTATE of a driver's class or a condition's name, or None."""
    match = _NAME.search(name)
    if match is None:
        return None
    lower = match["name"].replace("_", "").lower()
    return _STATES.get(lower) or _STATES.get(lower.removesuffix("error"))
