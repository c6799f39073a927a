#!/usr/bin/perl
# Prints what Debian's razor makes of each message named: path, tab, signatures (e4:…, e8:…).
use strict;
use warnings;
no warnings;
use Razor2::Client::Agent;
use Razor2::String qw(prep_mail);
use Razor2::Preproc::Manager;
use Razor2::Client::Engine;

package Quiet;
our @ISA = ('Razor2::Client::Engine');
sub new { return bless {}, shift }
sub log { return }

package main;
my $engine = Quiet->new;
my $whole = Razor2::Preproc::Manager->new(no_deHTMLcomment => 1);
my $raw = Razor2::Preproc::Manager->new(no_deHTML => 1);
for my $path (@ARGV) {
    open my $in, '<:raw', $path or die "$path: $!";
    my $mail = do { local $/; <$in> };
    my ($head, @parts) = prep_mail(\$mail, 0, 4096, 61440, 15360, 'check', 0);
    my @found;
    for my $part (@parts) {
        my ($text, $plain) = ($$part, $$part);
        $raw->preproc(\$plain);
        next if length($plain) == 0 || $plain !~ /\S/;
        next if length($plain) < 128 && $plain =~ /^(Content\S*:.*\n\r?)+(Content\S*:.*)?\s*$/s;
        $whole->preproc(\$text);
        push @found, 'e4:' . $engine->compute_engine(4, \$text, '7542-10');
        my $hosts = eval { $engine->compute_engine(8, \$plain) };
        push @found, map { "e8:$_" } @{ $hosts || [] };
    }
    print "$path\t@found\n";
}
