#!/bin/sh
# Postfix with mailprint, by a content filter: after mail is queued, pipe(8) gives it to spamc,
# and spamc gives what mailprint made of it to sendmail(1), which queues it anew. The simplest
# set-up; all mail is taken, and marked. To refuse spam in the SMTP session use the milter.
#
# Run as root; `postfix reload` puts it to work. It changes /etc/postfix/master.cf.
set -e

# -x and -X: while mailprint cannot be asked, spamc ends with code 75 and Postfix tries again
# later, instead of letting mail pass unscanned. Without them, it passes.
# -s: larger mail passes unscanned in any case.
# -e must be the last option: what follows is the command. `-G` says that the mail is in transit,
# so that sendmail adds nothing to it; `-i` that a dot alone does not end it.
# flags=q quotes what is odd in the addresses, and `--` keeps one from being an option.
command='/usr/bin/spamc -x -X -s 524288 -e /usr/sbin/sendmail -G -i -f ${sender} -- ${recipient}'
service='mailprint unix - n n - 10 pipe flags=q user=nobody null_sender='
postconf -M "mailprint/unix=$service argv=$command"

# Only what comes in by SMTP is filtered: what sendmail queues is not, or mail would go in circles.
postconf -P 'smtp/inet/content_filter=mailprint:dummy'
