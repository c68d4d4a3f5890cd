#!/usr/bin/perl
# A DKIM verifier that stays: reads "SELECTOR DOMAIN RECORD-OCTETS MESSAGE-OCTETS", a line end, the key record and the message, and answers
# with a line, until its input ends. The record is the whole DNS that there is.
use strict;
use warnings;
use Mail::DKIM::PublicKey;
use Mail::DKIM::Verifier;

my ( $selector, $domain, $record );
{
    no warnings 'redefine';
    *Mail::DKIM::PublicKey::fetch_async = sub {
        my ( $class, %asked ) = @_;
        my $key;
        if ( $asked{Selector} eq $selector && lc $asked{Domain} eq $domain ) {
            $key = $class->parse($record);
            @$key{qw(Selector Domain)} = @asked{qw(Selector Domain)};
        }
        my $done = ( $asked{Callbacks} || {} )->{Success};
        my $answer = $done ? $done->($key) : $key;
        return sub { $answer };
    };
}

binmode STDIN;
$| = 1;
while ( my $line = <STDIN> ) {
    ( $selector, $domain, my $record_size, my $size ) = split ' ', $line;
    read STDIN, $record, $record_size;
    my $message;
    read STDIN, $message, $size;
    my $verdict = eval {
        my $verifier = Mail::DKIM::Verifier->new;
        $verifier->PRINT($message);
        $verifier->CLOSE;
        my @signatures = $verifier->signatures;
        @signatures == 1 ? $verifier->result_detail : @signatures . ' signatures';
    };
    $verdict = "error: $@" unless defined $verdict;
    $verdict =~ s/\s+/ /g;
    print "$verdict\n";
}
