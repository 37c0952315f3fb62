"""The sentences of MySQL and MariaDB, whose numbers mysqli, Node.js and Ruby do not write."""

from bot.fingerprint.errors.sql.catalogue import Catalogue

MYSQL = Catalogue(
    r"""
2006 MySQL server has gone away\b
2006 Server has gone away\b
2013 Lost connection to (?:MySQL )?server (?:during query|at ')
2013 TRILOGY_CLOSED_CONNECTION
2014 Commands out of sync
2014 Cannot execute queries while (?:other|there are pending)
2026 SSL connection error:[ ]
2027 Malformed packet
2054 The server requested authentication method unknown to the client
2059 Authentication plugin '[^'\n]{1,80}' cannot be loaded
2005 Unknown (?:MySQL|MariaDB) server host '
1213 Deadlock found when trying to get lock
1205 Lock wait timeout exceeded
1040 Too many connections\b
1040 Data source rejected[^\n\"]{1,80}\"Too many connections\b
1062 Duplicate entry '
1146 Table '[^'\n]{1,130}' doesn't exist
1050 Table '[^'\n]{1,130}' already exists
1036 Table '[^'\n]{1,130}' is read only
1099 Table '[^'\n]{1,130}' was locked with a READ lock
1100 Table '[^'\n]{1,130}' was not locked with LOCK TABLES
1194 Table '[^'\n]{1,130}' is marked as crashed
1412 Table definition has changed
1526 Table has no partition for value
1054 Unknown column '
1049 Unknown database '
1109 Unknown table '[^'\n]{1,130}' in[ ]
1051 Unknown table '
1193 Unknown system variable '
1298 Unknown or incorrect time zone: '
1273 Unknown collation: '
1115 Unknown character set: '
1243 Unknown prepared statement handler
1094 Unknown thread id:[ ]
1048 Column '[^'\n]{1,130}' cannot be null
1052 Column '[^'\n]{1,130}' in [^\n]{1,60} is ambiguous
1110 Column '[^'\n]{1,130}' specified twice
1136 Column count doesn't match value count
1074 Column length too big for column '
1055 Expression #\d{1,4} of [^\n]{1,60} is not in GROUP BY
1055 '[^'\n]{1,200}' isn't in GROUP BY
3065 Expression #\d{1,4} of ORDER BY[ ]
1140 In aggregated query without GROUP BY
1140 Mixing of GROUP columns
1364 Field '[^'\n]{1,130}' doesn't have a default value
1406 Data too long for column '
1264 Out of range value for column '
1690 BIGINT (?:UNSIGNED )?value is out of range in
1690 D(?:OUBLE|ECIMAL) (?:UNSIGNED )?value is out of range in
1265 Data truncated for column '
1452 Cannot add or update a child row
1451 Cannot delete or update a parent row
1215 Cannot add foreign key constraint
1553 Cannot drop index '
1701 Cannot truncate a table referenced in a foreign key
3730 Cannot drop table '
1829 Cannot drop column '
1832 Cannot change column '
1792 Cannot execute statement in a READ ONLY transaction
1665 Cannot execute statement: impossible to write to binary log
3144 Cannot create a JSON value from a string
1416 Cannot get geometry object from data
1044 Access denied for user '[^'\n]{0,80}'@'[^'\n]{0,200}' to database
3118 Access denied for user '[^\n]{0,200}Account is locked
1698 Access denied for user '[^'\n]{0,80}'@'[^'\n]{0,200}'\Z
1045 Access denied for user '
1227 Access denied; you need[ ]
1143 [A-Z][A-Z, ]{2,39} command denied to user '[^\n]{1,200} for column '
1370 execute command denied to user '
1370 alter routine command denied to user '
1142 [A-Z][A-Z, ]{2,39} command denied to user '
1064 You have an error in your SQL syntax
1093 You can't specify target table '
1290 The (?:MySQL|MariaDB) server is running with the
1114 The table '[^'\n]{1,130}' is full
1206 The total number of locks exceeds the lock table size
1222 The used SELECT statements have a different number
1449 The user specified as a definer \(
1104 The SELECT would examine more than MAX_JOIN_SIZE
3105 The value specified for generated column '
4031 The client was disconnected by the server because of inactivity
3098 The table does not comply with the requirements by an external plugin
1969 Query execution was interrupted \(max_statement_time
3024 Query execution was interrupted, maximum statement
1317 Query execution was interrupted\b
1065 Query was empty
1411 Incorrect \w{1,20} value: '[^\n]{0,700}' for function
1292 Incorrect (?:date|time)\w{0,10} value: '
1366 Incorrect \w{1,20} value: '[^\n]{0,700}' for column
1525 Incorrect (?:DATE|TIME)\w{0,10} value: '
1292 Truncated incorrect \w{1,20} value: ?'
1366 Incorrect \w{1,20} value: '
1034 Incorrect key file for table '
1033 Incorrect information in file: '
1318 Incorrect number of arguments for[ ]
1582 Incorrect parameter count in the call to native function '
1210 Incorrect arguments to[ ]
1267 Illegal mix of collations
1242 Subquery returns more than 1 row
1241 Operand should contain[ ]
1226 User '[^'\n]{1,80}' has exceeded the '
1203 User \S{1,80} already has more than '
1153 Got a packet bigger than
1158 Got an error reading communication packets
1159 Got timeout reading communication packets
1180 Got error -?\d{1,4} [^\n]{0,200}during COMMIT
1030 Got error -?\d{1,4} (?=["'(]|from )
1304 PROCEDURE \S{1,130} already exists
1304 FUNCTION \S{1,130} already exists
1305 PROCEDURE \S{1,130} does not exist
1305 SAVEPOINT \S{1,130} does not exist
1305 FUNCTION \S{1,130} does not exist(?!\. Check)
1630 FUNCTION \S{1,130} does not exist\. Check
3819 Check constraint '
4025 CONSTRAINT `[^`\n]{1,130}` failed for `
1129 Host '[^'\n]{1,200}' is blocked because of many connection errors
1130 Host '[^'\n]{1,200}' is not allowed to connect
1091 Can't DROP (?:[A-Z ]{1,30})?['`]
1005 Can't create table[ ]
1025 Error on rename of '
1026 Error writing file '[^'\n]{1,300}' \([Ee]rr
1461 Can't create more than max_prepared_stmt_count statements
1442 Can't update table '
1032 Can't find record in '
1017 Can't find file: '[^'\n]{1,300}' \([Ee]rr
1016 Can't open file: '[^'\n]{1,300}' \(err
1060 Duplicate column name '
1061 Duplicate key name '
1071 Specified key was too long
1072 Key column '[^'\n]{1,130}' doesn't exist
1176 Key '[^'\n]{1,130}' doesn't exist in table
1118 Row size too large
1170 BLOB/TEXT column '
1101 BLOB, TEXT, GEOMETRY or JSON column '
1066 Not unique table/alias: '
1067 Invalid default value for '
1075 Incorrect table definition;[ ]
1111 Invalid use of group function
1138 Invalid use of NULL value
1231 Variable '[^'\n]{1,80}' can't be set to the value
1238 Variable '[^'\n]{1,80}' is a (?:read only|GLOBAL|SESSION)
1248 Every derived table must have its own alias
1235 This version of M\w{1,10} doesn't yet support
1298 Unknown or incorrect time zone
1418 This function has none of DETERMINISTIC
1419 You do not have the SUPER privilege and binary logging
1390 Prepared statement contains too many placeholders
1615 Prepared statement needs to be re-prepared
1021 Disk full \(
1037 Out of memory; restart server
1038 Out of sort memory
1041 Out of memory; check if
3140 Invalid JSON text:[ ]
3141 Invalid JSON text in argument[ ]
3140 Invalid JSON text
3143 Invalid JSON path expression
3156 Invalid JSON value for CAST
1300 Invalid \w{1,20} character string: '
3572 Statement aborted because lock\(s\) could not be acquired immediately
1020 Record has changed since last read in table '
1046 No database selected
1047 WSREP has not yet prepared node
1053 Server shutdown in progress
3100 Error on observer while running replication hook '
1836 Running in read-only mode
1927 Connection was killed
1197 Multi-statement transaction required more than '
1467 Failed to read auto-increment value from storage engine
1824 Failed to open the referenced table '
1365 Division by 0(?=\Z|\n|[ \])`"'(<;])
1260 Row \d{1,9} was cut by GROUP_CONCAT
1709 Index column size too large
3780 Referencing column '
3636 Recursive query aborted after[ ]
1356 View '[^'\n]{1,200}' references invalid
1172 Result consisted of more than one row
1329 No data - zero rows fetched
"""
)
