#!/usr/bin/perl
# The patterns of the installed SpamAssassin's rules, after ReplaceTags, as Perl prints
# them. One a line: family, rule, what it looks at, tflags, the pattern in hexadecimal.
use strict;
use warnings;
use File::Temp qw(tempdir);
use Mail::SpamAssassin;

my $home = tempdir(CLEANUP => 1);
my $sa = Mail::SpamAssassin->new({
    rules_filename      => '/usr/share/spamassassin',
    site_rules_filename => '/etc/spamassassin',
    userprefs_filename  => '/dev/null',
    userstate_dir       => $home,
    local_tests_only    => 1,
    dont_copy_prefs     => 1,
});
$sa->init(1);
my $conf = $sa->{conf};

sub show {
    my ($family, $rule, $target, $pattern) = @_;
    my $bytes = "$pattern";
    utf8::encode($bytes) if utf8::is_utf8($bytes);
    my $tflags = $conf->{tflags}{$rule} // '';
    print join("\t", $family, $rule, $target, $tflags, unpack('H*', $bytes)), "\n";
}

my %families = (
    body    => 'body_tests',
    head    => 'head_tests',
    uri     => 'uri_tests',
    rawbody => 'rawbody_tests',
    full    => 'full_tests',
);
for my $family (sort keys %families) {
    my $by_priority = $conf->{ $families{$family} };
    for my $priority (sort { $a <=> $b } keys %$by_priority) {
        for my $rule (sort keys %{ $by_priority->{$priority} }) {
            my $pattern = $conf->{test_qrs}{$rule} or next;
            show($family, $rule, $conf->{test_opt_header}{$rule} // '', $pattern);
        }
    }
}
for my $rule (sort keys %{ $conf->{mimeheader_tests} }) {
    my $test = $conf->{mimeheader_tests}{$rule};
    show('mimeheader', $rule, $test->{hdr}, $test->{pattern});
}
