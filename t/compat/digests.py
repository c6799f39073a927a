#!/usr/bin/python3
"""Prints what Debian's pyzor makes of each message named: path, tab, digest or `fails`."""
import email
import sys
import pyzor.digest

for path in sys.argv[1:]:
    with open(path, "rb") as mail:
        message = email.message_from_bytes(mail.read())
    try:
        told = pyzor.digest.DataDigester(message).value
    except Exception:
        told = "fails"
    print(path, told, sep="\t")
