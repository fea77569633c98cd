#!/usr/bin/perl
# A bad line between two cards: of the UDP packets each way every fifth is lost, and every third is held back until two later
# ones have overtaken it.
#   bad-wire.pl CARD CARD
use strict;
use warnings;
use Socket;

# linux/if_packet.h, linux/if_ether.h
use constant { AF_PACKET => 17, SOL_PACKET => 263, PACKET_VNET_HDR => 15, PACKET_IGNORE_OUTGOING => 23, ETH_P_ALL => 3 };

sub card {
  my ($name) = @_;
  open(my $file, '<', "/sys/class/net/$name/ifindex") or die "$name: $!\n";
  chomp(my $index = <$file>);
  my $protocol = unpack('S', pack('n', ETH_P_ALL));
  socket(my $socket, AF_PACKET, SOCK_RAW, $protocol) or die "$name: $!\n";
  setsockopt($socket, SOL_PACKET, PACKET_IGNORE_OUTGOING, pack('i', 1)) or die "$name: $!\n";
  # Checksums that the kernel has left for the card to fill in stay marked as such.
  setsockopt($socket, SOL_PACKET, PACKET_VNET_HDR, pack('i', 1)) or die "$name: $!\n";
  bind($socket, pack('SSlSCCa8', AF_PACKET, $protocol, $index, 0, 0, 0, '')) or die "$name: $!\n";
  return $socket;
}

# The kernel's own header, 10 bytes, goes before each frame.
sub is_udp { substr($_[0], 22, 2) eq "\x08\x00" && substr($_[0], 33, 1) eq "\x11" }

my @cards = map { card($_) } @ARGV[0, 1];
my @count = (0, 0);
my @held = ([], []);
$| = 1;
print "ready
";

print "ready\n";
$| = 1;

while (1) {
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for @cards;
  select($ready, undef, undef, undef) > 0 or next;
  for my $from (grep { vec($ready, fileno($cards[$_]), 1) } 0, 1) {
    defined sysread($cards[$from], my $frame, 65536) or next;
    my $to = $cards[1 - $from];
    if (is_udp($frame)) {
      my $number = ++$count[$from];
      next if $number % 5 == 0;
      push(@{ $held[$from] }, { frame => $frame, left => 2 }), next if $number % 3 == 0;
      syswrite($to, $frame);
      $_->{left} -= 1 for @{ $held[$from] };
      syswrite($to, $_->{frame}) for grep { $_->{left} == 0 } @{ $held[$from] };
      $held[$from] = [grep { $_->{left} > 0 } @{ $held[$from] }];
    } else {
      syswrite($to, $frame);
    }
  }
}
