/**
 * Who may have a connection when there are not enough for all. Half of the places are anybody's; the other half is for
 * addresses that are known to be phones, so that a device with a thousand addresses keeps no phone out. Connections that
 * wait for nothing give way first. No sockets of its own.
 */

export interface Place {
  readonly address: string;
  /** A request of it is being answered. */
  isBusy: boolean;
  /** Ends the connection; its owner says {@link Places.leave} then. */
  readonly close: () => void;
}

export interface Places {
  /** False: there is none. Closes another connection where that makes room. */
  enter(place: Place): boolean;
  leave(place: Place): void;
}

export interface Bounds {
  readonly most: number;
  /** Of one address, while half of all are free: many phones may be behind one. */
  readonly mostPerAddress: number;
  /** Of one address, when more than half are taken. */
  readonly fewPerAddress: number;
  /** Asked only when more than half are taken. */
  readonly isKnown: (address: string) => boolean;
}

interface Held extends Place {
  isPhone?: boolean;
}

export function newPlaces({ most, mostPerAddress, fewPerAddress, isKnown }: Bounds): Places {
  /** The oldest first. */
  const open = new Set<Held>();
  const byAddress = new Map<string, Set<Held>>();
  const leave = (place: Held) => {
    if (!open.delete(place)) return;
    const own = byAddress.get(place.address);
    own?.delete(place);
    if (own?.size === 0) byAddress.delete(place.address);
  };
  const giveWay = (place: Held | undefined): boolean => {
    if (place === undefined) return false;
    leave(place);
    place.close();
    return true;
  };
  const isIdle = ({ isBusy }: Held) => !isBusy;
  const isPhone = (place: Held) => (place.isPhone ??= isKnown(place.address));
  const makeRoom = (place: Held): boolean => {
    const own = byAddress.get(place.address);
    const isScarce = open.size >= most / 2;
    if (own !== undefined && own.size >= (isScarce ? fewPerAddress : mostPerAddress))
      return giveWay(oldest(own, isIdle));
    if (!isScarce) return true;
    const idleStranger = () => oldest(open, (other) => isIdle(other) && !isPhone(other));
    if (!isPhone(place)) return giveWay(idleStranger());
    if (open.size < most) return true;
    return giveWay(idleStranger() ?? oldest(open, (other) => !isPhone(other)) ?? oldest(open, isIdle));
  };
  return {
    enter: (place) => {
      if (!makeRoom(place)) return false;
      open.add(place);
      const own = byAddress.get(place.address) ?? new Set();
      byAddress.set(place.address, own.add(place));
      return true;
    },
    leave,
  };
}

function oldest(places: Iterable<Held>, isFit: (place: Held) => boolean): Held | undefined {
  for (const place of places) if (isFit(place)) return place;
  return undefined;
}
