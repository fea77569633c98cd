/** One desk phone: power on, DHCP, its vendor's way to a configuration, sign-in, calls. Every step is a real client's. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startBaresip, type Baresip } from '../support/baresip.ts';
import { until } from '../support/command.ts';
import { readClientLease, startDhcpClient, type ClientLease } from '../support/dhcp-client.ts';
import type { Namespace } from '../support/namespaces.ts';
import { restartState, type PhoneBoot, type PhoneState } from '../support/phone-provisioning.ts';
import { countRtp, type RtpCount } from '../support/rtp-counter.ts';
import { startLldpd, type Device } from '../support/switch.ts';
import { untilRegistered } from './cloud.ts';
import { plan, type Network } from './network.ts';
import type { PhoneKind } from './phone-kinds.ts';

export type Step = 'off' | 'on' | 'leased' | 'configured' | 'registered';

export interface OfficePhone extends AsyncDisposable {
  readonly number: number;
  readonly kind: PhoneKind;
  /** Who is signed in: the number that others dial. */
  readonly user: string;
  readonly namespace: Namespace;
  readonly directory: string;
  readonly step: Step;
  /** Why the next step failed last; the phone goes on trying. */
  readonly problem: string | undefined;
  /** Seconds from power-on to each step. */
  readonly seconds: Readonly<Partial<Record<Step, number>>>;
  readonly lease: ClientLease | undefined;
  readonly port: number | undefined;
  readonly baresip: Baresip | undefined;
  readonly rtp: () => Promise<RtpCount>;
  powerOn(): void;
  /** Nothing is said to anybody: the plug is pulled. */
  powerOff(): Promise<void>;
  moveTo(port: number): Promise<void>;
  /** Asks for its configuration as it does every few minutes, and registers anew where that leads it elsewhere. */
  resync(): Promise<PhoneState>;
  /** Resolves when the phone has come this far; throws with its last problem. */
  reach(step: Step, timeoutMs: number): Promise<void>;
}

export interface PhonePlace {
  readonly network: Network;
  readonly number: number;
  readonly port: number;
  readonly signIn: (mac: string, user: string) => void;
  /** PEM that its maker built in. */
  readonly trusted?: string;
}

const order: readonly Step[] = ['off', 'on', 'leased', 'configured', 'registered'];

export async function installPhone(kind: PhoneKind, place: PhonePlace): Promise<OfficePhone> {
  const { network, number } = place;
  const namespace = await network.lab.namespace(`phone${number}`, { nameserver: plan.dns });
  const device = await network.switch.cable({ namespace, card: 'eth0', mac: kind.mac });
  const rtp = await countRtp(namespace);
  return new DeskPhone({ ...place, kind, namespace, device, rtp });
}

interface Parts extends PhonePlace {
  readonly kind: PhoneKind;
  readonly namespace: Namespace;
  readonly device: Device;
  readonly rtp: () => Promise<RtpCount>;
}

class DeskPhone implements OfficePhone {
  readonly number: number;
  readonly kind: PhoneKind;
  readonly user: string;
  readonly namespace: Namespace;
  readonly directory: string;
  readonly rtp: () => Promise<RtpCount>;
  step: Step = 'off';
  problem: string | undefined;
  seconds: Partial<Record<Step, number>> = {};
  baresip: Baresip | undefined;
  #parts: Parts;
  #port: number;
  #poweredAt = 0;
  #programs: AsyncDisposableStack | undefined;
  #life: AbortController | undefined;
  #living: Promise<void> = Promise.resolve();
  /** Its settings, kept without power, as a phone does. */
  #state: PhoneState | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    this.#port = parts.port;
    this.number = parts.number;
    this.kind = parts.kind;
    this.user = `+493055510${parts.number}`;
    this.namespace = parts.namespace;
    this.directory = join(parts.network.lab.directory, `phone${parts.number}`);
    this.rtp = parts.rtp;
    mkdirSync(this.directory);
  }

  get port(): number | undefined {
    return this.#parts.device.port;
  }

  get lease(): ClientLease | undefined {
    return readClientLease(this.directory);
  }

  powerOn(): void {
    if (this.#life !== undefined) return;
    this.#life = new AbortController();
    this.#programs = new AsyncDisposableStack();
    this.#poweredAt = Date.now();
    this.seconds = {};
    this.#reached('on');
    this.#living = this.#live(this.#life.signal, this.#programs);
  }

  async powerOff(): Promise<void> {
    this.#life?.abort();
    await this.#parts.network.switch.unplug(this.#parts.device);
    await this.#killPrograms();
    await this.#living;
    await this.#programs?.disposeAsync();
    this.#life = undefined;
    this.baresip = undefined;
    this.step = 'off';
    this.problem = undefined;
    rmSync(join(this.directory, 'told'), { force: true });
    await this.namespace.exec(['ip', 'addr', 'flush', 'dev', 'eth0']);
  }

  /** By SIGKILL, so that no client says goodbye to its server. */
  async #killPrograms(): Promise<void> {
    const pids = (await this.namespace.exec(['ip', 'netns', 'pids', this.namespace.name]))
      .split('\n')
      .filter(Boolean);
    for (const pid of pids) {
      try {
        process.kill(Number(pid), 'SIGKILL');
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
      }
    }
  }

  async moveTo(port: number): Promise<void> {
    this.#port = port;
    if (this.step !== 'off') await this.#parts.network.switch.plug(this.#parts.device, port);
  }

  async resync(): Promise<PhoneState> {
    const before = this.#state;
    if (before === undefined || this.#programs === undefined)
      throw new Error('the phone has no configuration');
    const state = await this.#fetch(before);
    if (sipSettings(state) !== sipSettings(before)) {
      // It changes its way; it doesn't say goodbye to the registrar.
      this.baresip?.process.kill('SIGKILL');
      await this.#register(state, this.#programs);
    }
    return state;
  }

  async reach(step: Step, timeoutMs: number): Promise<void> {
    const wanted = order.indexOf(step);
    await until(
      `phone ${this.number} (${this.kind.vendor}) to be ${step}`,
      () => order.indexOf(this.step) >= wanted || undefined,
      { timeoutMs, everyMs: 50, lastSeen: () => `step "${this.step}"; ${this.problem ?? 'no problem told'}` },
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.powerOff();
  }

  #reached(step: Step): void {
    this.step = step;
    this.problem = undefined;
    this.seconds[step] ??= Math.round((Date.now() - this.#poweredAt) / 10) / 100;
  }

  /** From power-on to registered; a step that fails is tried again, as firmware does. */
  async #live(signal: AbortSignal, programs: AsyncDisposableStack): Promise<void> {
    while (!signal.aborted && this.step !== 'registered') {
      try {
        if (this.step === 'on') await this.#join(programs);
        if (signal.aborted) return;
        await this.#takeUp(signal, programs);
      } catch (error) {
        if (signal.aborted) return;
        this.problem = error instanceof Error ? error.message : String(error);
        await sleep(2000, undefined, { signal }).catch(() => undefined);
      }
    }
  }

  /** Cable, LLDP, an address. */
  async #join(programs: AsyncDisposableStack): Promise<void> {
    await this.#parts.network.switch.plug(this.#parts.device, this.#port);
    const { namespace, directory, kind } = this;
    const inventory = `manufacturer ${kind.vendor} model ${kind.model.replaceAll(' ', '-')}`;
    programs.use(
      await startLldpd(namespace, join(directory, 'lldp'), {
        flags: ['-M', '3', '-I', 'eth0', '-C', 'eth0', '-S', kind.model],
        commands: ['configure lldp portidsubtype macaddress', `configure inventory ${inventory}`],
      }),
    );
    const client = programs.use(
      startDhcpClient(namespace, {
        client: kind.client,
        card: 'eth0',
        directory,
        ...(kind.vendorClass === undefined ? {} : { vendorClass: Buffer.from(kind.vendorClass, 'latin1') }),
      }),
    );
    const wait = { timeoutMs: 60_000, everyMs: 30, lastSeen: client.lastWords, hopeless: client.hasExited };
    await until(`${kind.client} to get an address`, () => this.lease, wait);
    this.#reached('leased');
  }

  /** Configuration, and with it the account; signing in changes the account, which the phone learns by polling. */
  async #takeUp(signal: AbortSignal, programs: AsyncDisposableStack): Promise<void> {
    const first = await this.#fetch(this.#atStart());
    this.#reached('configured');
    await this.#register(first, programs);
    if (signal.aborted) return;
    const isFinal = first.account?.user === this.user;
    if (!isFinal) {
      this.#parts.signIn(this.kind.mac, this.user);
      await this.#register(await this.#fetch(first), programs);
    }
    if (!signal.aborted) this.#reached('registered');
  }

  #atStart(): PhoneBoot | PhoneState {
    const url = provisioningUrl(this.kind, this.lease);
    if (this.#state !== undefined) return restartState(this.#state, url);
    const { vendor, mac } = this.kind;
    return { vendor: vendor as PhoneBoot['vendor'], mac, url, trusted: this.#parts.trusted ?? '' };
  }

  async #fetch(from: PhoneBoot | PhoneState): Promise<PhoneState> {
    const program = join(import.meta.dirname, '../support/phone-provisioning.ts');
    const call = [process.execPath, program, JSON.stringify(from)];
    this.#state = JSON.parse(await this.namespace.exec(call, { timeoutMs: 60_000 })) as PhoneState;
    return this.#state;
  }

  /** The account of this configuration in a user agent, over TLS to the outbound proxy that the configuration names. */
  async #register(state: PhoneState, programs: AsyncDisposableStack): Promise<void> {
    const { account, registrar, outboundProxy } = state;
    if (account === undefined || registrar === undefined)
      throw new Error('the configuration holds no account');
    await this.baresip?.[Symbol.asyncDispose]();
    const directory = join(this.directory, account.user);
    mkdirSync(directory, { recursive: true });
    const caFile = join(directory, 'ca.pem');
    writeFileSync(caFile, state.trusted);
    const proxy = outboundProxy ?? registrar;
    const baresip = await startBaresip({
      start: this.namespace.start,
      directory,
      user: account.user,
      authUser: account.authName,
      password: account.password,
      domain: registrar.host,
      outbound: `sip:${proxy.host}:${proxy.port ?? 5061};transport=tls`,
      transport: 'tls',
      caFile,
      lifeSeconds: 86_400,
    });
    this.baresip = programs.use(baresip);
    await untilRegistered(baresip, 15_000);
  }
}

/** All that decides where and as whom it registers. */
function sipSettings({ account, registrar, outboundProxy }: PhoneState): string {
  return JSON.stringify([account, registrar, outboundProxy]);
}

/** What this kind of phone asks for its configuration after this lease. */
export function provisioningUrl({ urlOptions }: PhoneKind, lease: ClientLease | undefined): string {
  const told = { 66: lease?.tftpServerName, 160: lease?.provisioningUrl };
  const url = urlOptions.map((option) => told[option]).find((text) => text?.includes('://'));
  if (url === undefined) throw new Error(`no provisioning URL in what DHCP told: ${JSON.stringify(told)}`);
  return url;
}
