#!/bin/sh
# Postfix with Amavis: queued mail goes to Amavis on port 10024, and comes back on port 10025.
#
# Run as root; `postfix reload` puts it to work. It changes main.cf and master.cf.
set -e

postconf -e 'content_filter = smtp-amavis:[127.0.0.1]:10024'

# As many at once as Amavis has children ($max_servers).
postconf -M 'smtp-amavis/unix=smtp-amavis unix - - n - 2 smtp'
postconf -P 'smtp-amavis/unix/smtp_data_done_timeout=1200' \
            'smtp-amavis/unix/smtp_send_xforward_command=yes' \
            'smtp-amavis/unix/disable_dns_lookups=yes' \
            'smtp-amavis/unix/max_use=20'

# What comes back is not filtered again, and was checked when it came in.
postconf -M '127.0.0.1:10025/inet=127.0.0.1:10025 inet n - n - - smtpd'
postconf -P '127.0.0.1:10025/inet/content_filter=' \
            '127.0.0.1:10025/inet/mynetworks=127.0.0.0/8' \
            '127.0.0.1:10025/inet/smtpd_client_restrictions=' \
            '127.0.0.1:10025/inet/smtpd_helo_restrictions=' \
            '127.0.0.1:10025/inet/smtpd_sender_restrictions=' \
            '127.0.0.1:10025/inet/smtpd_recipient_restrictions=permit_mynetworks,reject' \
            '127.0.0.1:10025/inet/receive_override_options=no_header_body_checks'
