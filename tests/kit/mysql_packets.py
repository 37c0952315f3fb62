"""Packets of a MySQL server, for listeners that imitate one."""

import struct

CLIENT_SSL = 0x800


def greeting(*, tls: bool) -> bytes:
    """Return the first packet of a MySQL server, dev.mysql.com/doc/dev/mysql-server/latest/."""
    flags = 0x0008_A20D | (CLIENT_SSL if tls else 0)
    body = b"\x0a8.4.0\0" + struct.pack("<I", 7) + b"12345678\0"
    body += struct.pack("<HBHHB", flags & 0xFFFF, 45, 2, flags >> 16, 21) + bytes(10)
    body += b"123456789012\0mysql_native_password\0"
    return len(body).to_bytes(3, "little") + b"\0" + body


OK = b"\x07\0\0\x02\0\0\0\x02\0\0\0"
