# One end of a line that bears IP and nothing below it, as PPP or a modem does: a tun device here, joined to one elsewhere by a Unix socket.
# tun-end.pl CARD OWN_SOCKET OTHER_SOCKET [MILLISECONDS]: what goes out is held back for so long.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(time);
my ($card, $own, $other, $delay) = @ARGV;
$delay = ($delay || 0) / 1000;
# O_RDWR; TUNSETIFF with IFF_TUN | IFF_NO_PI
sysopen(my $tun, '/dev/net/tun', 2) or die "tun: $!\n";
ioctl($tun, 0x400454ca, pack('a16 S x22', $card, 0x1001)) or die "TUNSETIFF: $!\n";
socket(my $wire, AF_UNIX, SOCK_DGRAM, 0) or die "socket: $!\n";
bind($wire, pack_sockaddr_un($own)) or die "bind: $!\n";
my $to = pack_sockaddr_un($other);
my @held;
$| = 1;
print "ready\n";
while (1) {
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for $tun, $wire;
  my $wait = @held ? $held[0][0] - time : undef;
  my $count = select($ready, undef, undef, defined $wait && $wait < 0 ? 0 : $wait);
  if ($count > 0) {
    if (vec($ready, fileno($tun), 1) && sysread($tun, my $packet, 4096)) { push @held, [time + $delay, $packet] }
    if (vec($ready, fileno($wire), 1) && defined recv($wire, my $packet, 4096, 0)) { syswrite($tun, $packet) }
  }
  while (@held && $held[0][0] <= time) { send($wire, (shift @held)->[1], 0, $to) }
}
