# An end of a call with nothing but its media: G.711 packets of 20 ms, and RTCP reports twice a second that answer those of the other end
# (RFC 3550 section 6.4). rtp-reporting-end.pl ADDRESS PORT TO_ADDRESS TO_PORT SECONDS SSRC; prints how many packets it heard.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time);
my ($address, $port, $to_address, $to_port, $seconds, $ssrc) = @ARGV;
my ($rtp, $rtcp) = map {
  socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die "socket: $!\n";
  bind($socket, pack_sockaddr_in($port + $_, inet_aton($address))) or die "bind: $!\n";
  $socket
} 0, 1;
my ($to, $to_rtcp) = map { pack_sockaddr_in($to_port + $_, inet_aton($to_address)) } 0, 1;
my ($sent, $heard, $first, $highest, $peer, $last_report, $last_report_at, $reported) = (0, 0, undef, 0, 0, 0, 0, 0);
my $begin = time;
while ((my $now = time) < $begin + $seconds) {
  if ($now >= $begin + $sent * 0.02) {
    $sent++;
    send($rtp, pack('CCnNN', 128, 0, $sent, $sent * 160, $ssrc) . ("\xff" x 160), 0, $to);
  }
  if ($now >= $begin + ($reported + 1) * 0.5) {
    $reported++;
    my $ntp = $now + 2208988800;
    my $lost = defined $first ? $highest - $first + 1 - $heard : 0;
    my $held = $last_report ? int(($now - $last_report_at) * 65536) : 0;
    my $sender = pack('N N N N N N', $ssrc, int($ntp), int(($ntp - int($ntp)) * 4294967296), $sent * 160, $sent, $sent * 160);
    my $block = pack('N N N N N N', $peer, $lost & 0xffffff, $highest, 0, $last_report, $held);
    send($rtcp, pack('CCn', 129, 200, 12) . $sender . $block, 0, $to_rtcp);
  }
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for $rtp, $rtcp;
  next if select($ready, undef, undef, 0.002) < 1;
  if (vec($ready, fileno($rtp), 1) && defined recv($rtp, my $packet, 2000, 0)) {
    (undef, undef, my $sequence, undef, $peer) = unpack('CCnNN', $packet);
    $first = $sequence unless defined $first;
    $highest = $sequence if $sequence > $highest;
    $heard++;
  }
  if (vec($ready, fileno($rtcp), 1) && defined recv($rtcp, my $packet, 2000, 0)) {
    my (undef, $type, undef, undef, $whole, $part) = unpack('CCnNNN', $packet);
    next if $type != 200;
    $last_report = (($whole & 0xffff) << 16) | ($part >> 16);
    $last_report_at = time;
  }
}
print $heard;
