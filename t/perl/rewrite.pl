#!/usr/bin/perl
# What SpamAssassin makes of messages: reads file names, answers each with a line of JSON,
#   {"file":"name","variant":"name","mail":"…","plain":"…"}
# `mail` is the rewritten message, `plain` that with the markup removed again; characters are bytes.
#   rewrite.pl FOLDER VARIANT      rules: FOLDER/*.pre and *.cf, then FOLDER/variants/VARIANT.cf
# This machine and the time are called by fixed names, so that runs can be compared.
use strict;
use warnings;
use File::Temp qw(tempdir);
use JSON::PP;
use Mail::SpamAssassin;

BEGIN { @ENV{qw(LC_ALL LANG LANGUAGE TZ)} = ('C', 'C', 'de_DE.UTF-8', 'UTC') }

my ($folder, $variant) = @ARGV;
my $empty = tempdir(CLEANUP => 1);
{
    no warnings qw(redefine once);
    *Mail::SpamAssassin::Util::fq_hostname          = sub { 'mx.example.org' };
    *Mail::SpamAssassin::Util::time_to_rfc822_date  = sub { '@DATE@' };
}
open my $lines, '<:raw', "$folder/variants/$variant.cf" or die "$variant.cf: $!\n";
my $scan = Mail::SpamAssassin->new({
    rules_filename => $folder, site_rules_filename => $empty, userprefs_filename => '/dev/null',
    userstate_dir => $empty, dont_copy_prefs => 1, local_tests_only => 1,
    post_config_text => join('', "use_bayes 0\n", <$lines>),
});
$scan->init(1);

# Rules of one kind run in an order that changes from process to process: theirs is the files'.
my %place;
for my $file (sort glob "$folder/*.cf") {
    open my $rules, '<:raw', $file or die "$file: $!\n";
    /^(?:header|body|rawbody|full|uri|mimeheader|meta)\s+(\w+)/ and $place{$1} //= $. while <$rules>;
}
my $cleanup = \&Mail::SpamAssassin::PerMsgStatus::check_cleanup;
{
    no warnings 'redefine';
    *Mail::SpamAssassin::PerMsgStatus::check_cleanup = sub {
        my ($status) = @_;
        my $type = sub { $status->{conf}{test_types}{ $_[0] } };
        my (@hits, @kind);
        for my $hit (@{ $status->{test_names_hit} }, undef) {
            if (@kind && (!defined $hit || $type->($hit) != $type->($kind[0]))) {
                push @hits, sort { $place{$a} <=> $place{$b} } splice @kind;
            }
            push @kind, $hit if defined $hit;
        }
        $status->{test_names_hit} = \@hits;
        $cleanup->(@_);
    };
}
my $json = JSON::PP->new->canonical->ascii;

sub parse {
    my ($text) = @_;
    return $scan->parse([split /^/m, $text, -1], 1);
}

while (my $file = <STDIN>) {
    chomp $file;
    open my $in, '<:raw', $file or die "$file: $!\n";
    my $message = parse(join '', <$in>);
    my $status  = $scan->check($message);
    my $mail    = $status->rewrite_mail;
    my $marked  = parse($mail);
    my $plain   = $scan->remove_spamassassin_markup($marked);
    print $json->encode({ file => $file, variant => $variant, mail => $mail, plain => $plain }), "\n";
    $_->finish for $status, $message, $marked;
}
