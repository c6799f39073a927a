#!/bin/sh
# Postfix with mailprint, by spamass-milter: mail is scanned while the client still waits, so that
# spam can be refused instead of bounced. See contrib/spamass-milter for that program's own part.
#
# Run as root; `postfix reload` puts it to work. It changes /etc/postfix/main.cf.
set -e

# Where Debian's spamass-milter listens, seen from Postfix's queue directory.
postconf -e 'smtpd_milters = unix:spamass/spamass.sock'

# Without an answer from the milter mail is told to come back later. `accept` would let it pass.
postconf -e 'milter_default_action = tempfail'

# spamc scans for as long as mailprint allows (limits.scan_milliseconds), and no longer than this.
postconf -e 'milter_content_timeout = 300s'
