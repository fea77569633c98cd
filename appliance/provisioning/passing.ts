/** A request that may go up to the cloud, with everything that was decided of it before. */
import type { HttpRequest } from '../net/http-server.ts';
import type { Posture } from '../phones/posture.ts';
import type { FirmwareFile } from '../store/firmware-files.ts';
import type { Upstream } from './hosts.ts';
import type { Asker } from './identify.ts';
import type { VendorProvisioning } from './vendor-files.ts';

export interface Passing {
  readonly request: HttpRequest;
  readonly asker: Asker;
  /** Undefined: a vendor whose bodies we can't read; they pass as they are. */
  readonly vendor: VendorProvisioning | undefined;
  readonly upstream: Upstream;
  /** Where later stages are led. Undefined: the phone goes on by itself. */
  readonly box: string | undefined;
  /** The phone gets the cloud's own addresses back. */
  readonly isBypassed: boolean;
  /** What the phone is offered. */
  readonly firmware: FirmwareFile | undefined;
  /** How far the settings want the box between this phone and the cloud. */
  readonly posture: Posture;
}
