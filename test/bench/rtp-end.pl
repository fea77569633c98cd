# One end of many streams: a packet of G.711 on each every 20 ms, and what comes back counted. Started, it says "ready", and begins
# with the first line that it is told; at the end it prints what it counted, and stays until its input ends.
# rtp-end.pl load|probe ADDRESS FIRST_PORT ROUNDS TARGET_FILE: a line "address port" for each stream. A probe has one, sends its
# time of day along at eight times that rate, and prints how long the packets of the other end took.
use strict;
use warnings;
use Socket;
use Time::HiRes qw(clock_gettime sleep CLOCK_MONOTONIC);

my ($role, $address, $port, $rounds, $targets) = @ARGV;
open(my $file, '<', $targets) or die "$targets: $!";
my @sockets;
while (my $line = <$file>) {
  my ($to, $at) = split ' ', $line;
  socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die $!;
  setsockopt($socket, SOL_SOCKET, SO_RCVBUF, 200_000);
  bind($socket, pack_sockaddr_in($port, inet_aton($address))) or die "$address:$port: $!";
  connect($socket, pack_sockaddr_in($at, inet_aton($to))) or die $!;
  push @sockets, $socket;
  $port += 2;
}
$| = 1;
print "ready\n";
<STDIN>;

my ($sent, $heard, @took) = (0, 0);
my $every = $role eq 'probe' ? 0.0025 : 0.02;
my $next = clock_gettime(CLOCK_MONOTONIC);
my $filling = 'z' x 152;
for my $round (1 .. $rounds) {
  for my $socket (@sockets) {
    $sent++ if defined send($socket, pack('CCnNNd', 128, 0, $round & 65535, $round * 160, 1, clock_gettime(CLOCK_MONOTONIC)) . $filling, 0);
    if ($role eq 'load') { $heard++ while defined recv($socket, my $packet, 300, MSG_DONTWAIT) }
  }
  $next += $every;
  rest();
}
# What is still on its way.
$next = clock_gettime(CLOCK_MONOTONIC) + 0.5;
rest();
for my $socket (@sockets) { $heard++ while defined recv($socket, my $packet, 300, MSG_DONTWAIT) }

@took = sort { $a <=> $b } @took;
my ($p50, $p99) = @took ? map { $took[int($_ * $#took)] * 1e6 } (0.5, 0.99) : (0, 0);
print qq({"sent":$sent,"heard":$heard,"p50":$p50,"p99":$p99}\n);
<STDIN>;

sub rest {
  if ($role eq 'load') {
    my $left = $next - clock_gettime(CLOCK_MONOTONIC);
    sleep($left) if $left > 0;
    return;
  }
  while ((my $left = $next - clock_gettime(CLOCK_MONOTONIC)) > 0) {
    my $readable = '';
    vec($readable, fileno($sockets[0]), 1) = 1;
    next if select($readable, undef, undef, $left) < 1;
    recv($sockets[0], my $packet, 300, 0);
    my $now = clock_gettime(CLOCK_MONOTONIC);
    push @took, $now - unpack('x12d', $packet);
    $heard++;
  }
}
