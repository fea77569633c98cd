/**
 * How exposed the units may be that act for the parts or for root, by `systemd-analyze security`. Above 1.3 only those that need rights which
 * the reckoning takes for exposure; none of them listens to a network, and what they read was judged or signed.
 */
export const exposureLimits: Readonly<Record<string, number>> = {
  authority: 0.5,
  capture: 1.2,
  firewall: 1.2,
  'first-settings': 1.3,
  kernel: 1.2,
  'update-fetch': 1.2,
  // May draw on its screen.
  console: 1.3,
  // Mounts a stick, which it alone sees: three files at most go on.
  'settings-stick': 1.6,
  'update-stick': 1.6,
  // Writes the disk's other slot.
  update: 1.6,
  // Asks from port 68.
  health: 1.7,
  'clock-set': 1.3,
  // Sets the clock.
  clock: 1.7,
  // Root: writes units and asks systemd to read them.
  units: 2,
  // Root: writes settings and files of all parts, and the network.
  network: 2.3,
  settings: 2.3,
  // The same, and asks for DHCP servers from port 68.
  orders: 2.4,
  // Ordered by who stands before the box, or is signed in to its page: restart the machine and write the disk as such.
  'console-reset': 4.5,
  'data-repair': 5.4,
  'data-anew': 5.4,
};

/** For a shell in the booted image: a line for each, its name and how exposed it is. */
export const helperExposure = `cd /usr/lib/systemd/system
for unit in gatehouse-*.service; do
  case $unit in *@.service) unit=\${unit%.service}x.service ;; esac
  said=$(systemd-analyze security --offline=true --no-pager "$PWD/$unit" | tail -n 1)
  echo "$unit $said" | sed -E 's/^gatehouse-([a-z-]+)(@x)?\\.service .*: ([0-9.]+) .*/\\1 \\3/'
done`;
