#!/usr/bin/perl
# A bad line between two cards. Of each client's DHCP messages each way every fifth is lost, another one for each client, and
# never two in a row: some clients wait longer after each loss, and none may wait for ever. Of all messages each way every
# third is held back until two later ones have overtaken it, or for a second in which nothing comes.
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
sub is_dhcp { length($_[0]) > 250 && substr($_[0], 22, 2) eq "\x08\x00" && substr($_[0], 33, 1) eq "\x11" }
sub client { substr($_[0], 80, 6) }

my @cards = map { card($_) } @ARGV[0, 1];
my @count = (0, 0);
my @held = ([], []);
my %said;
$| = 1;
print "ready\n";

sub is_lost {
  my ($from, $client) = @_;
  return (++$said{"$from $client"} + ord(substr($client, 5)) + 2 * $from) % 5 == 0;
}

# Those that were overtaken often enough.
sub let_go {
  my ($from, $enough) = @_;
  syswrite($cards[1 - $from], $_->{frame}) for grep { $_->{overtaken} >= $enough } @{ $held[$from] };
  $held[$from] = [grep { $_->{overtaken} < $enough } @{ $held[$from] }];
}

while (1) {
  my $ready = '';
  vec($ready, fileno($_), 1) = 1 for @cards;
  if (select($ready, undef, undef, 1) < 1) {
    let_go($_, 0) for 0, 1;
    next;
  }
  for my $from (grep { vec($ready, fileno($cards[$_]), 1) } 0, 1) {
    defined sysread($cards[$from], my $frame, 65536) or next;
    if (is_dhcp($frame)) {
      next if is_lost($from, client($frame));
      if (++$count[$from] % 3 == 0) {
        push @{ $held[$from] }, { frame => $frame, overtaken => 0 };
        next;
      }
      $_->{overtaken} += 1 for @{ $held[$from] };
    }
    syswrite($cards[1 - $from], $frame);
    let_go($from, 2);
  }
}
