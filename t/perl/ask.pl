#!/usr/bin/perl
# Asks Perl. Reads lines, answers each with one:
#   P hex     compile the pattern as SpamAssassin would   -> "ok" or "no reason"
#   T hex     match the last pattern as while (//g) does  -> "count start end" of the first
# A count stops at 50. "dies" instead of a count: Perl gave up.
use strict;
use warnings;
use Mail::SpamAssassin::Util qw(compile_regexp);

$| = 0;
my $pattern;
while (my $line = <STDIN>) {
    my ($what, $hex) = $line =~ /^([PST]) ?([0-9a-f]*)$/ or die "cannot read: $line";
    my $bytes = pack('H*', $hex);
    if ($what eq 'T') {
        my ($count, $start, $end) = (0, 0, 0);
        if (defined $pattern) {
            pos($bytes) = 0;
            # Perl dies of endless recursion: as with SpamAssassin, there is no hit then.
            eval {
                while ($bytes =~ /$pattern/g) {
                    ($start, $end) = ($-[0], $+[0]) if !$count;
                    last if ++$count >= 50;
                }
                1;
            } or ($count, $start, $end) = ('dies', 0, 0);
        }
        print "$count $start $end\n";
    } else {
        my $error;
        # P: bare; S: with delimiters.
        ($pattern, $error) = compile_regexp($bytes, $what eq 'S' ? 1 : 0);
        $error =~ s/\n/ /g if defined $error;
        print defined $pattern ? "ok\n" : "no $error\n";
    }
}
