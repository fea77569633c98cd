/** Makers' firmware: what is stored and how far it has come, and putting it in and out. The provisioning part does it. */
import { randomUUID } from 'node:crypto';
import { Type } from '../schema.ts';
import { knownDevices, type Device } from '../phones/firmware-devices.ts';
import { firmwareStates } from '../phones/firmware-gate.ts';
import { fileProblem, mostFirmwareBytes, typedRelease } from '../phones/firmware-release.ts';
import { vendorName, type Vendor } from '../phones/vendors.ts';
import { firmwareFolder, isPaused } from '../store/firmware-folder.ts';
import { readReleases } from '../store/firmware-releases.ts';
import type { OrderArguments } from '../store/box-orders.ts';
import { notSignedIn, orderPart, OrderGiven } from './order-routes.ts';
import { failure, ok, type Answer, type Asked, type Route, type Sources } from './routes.ts';
import { beginUpload, uploadRoutes } from './upload-routes.ts';

const text = Type.String();
const typed = Type.String({ minLength: 1, maxLength: 128 });
const strict = { additionalProperties: false } as const;

const FirmwareView = Type.Object({
  paused: Type.Boolean({ description: 'No phone is offered anything.' }),
  belowMinimum: Type.Enum(['warn', 'hold', 'offer'], { type: 'string' }),
  offerUpdates: Type.Boolean({ description: 'Phones that could go on without it are offered it too.' }),
  pilot: Type.Integer({ description: 'So many phones come first, of each release.' }),
  releases: Type.Array(
    Type.Object({
      vendor: text,
      vendorName: text,
      model: text,
      version: text,
      state: Type.Enum([...firmwareStates], { type: 'string', description: "Against Microsoft's list." }),
      files: Type.Array(
        Type.Object({
          name: text,
          size: Type.Integer({ description: 'Bytes.' }),
          sha256: Type.String({ description: 'Hex; empty: not read.' }),
          problem: Type.Optional(Type.String({ description: 'Why it is given to nobody.' })),
        }),
      ),
      offered: Type.Integer({ description: 'Phones.' }),
      updated: Type.Integer({ description: 'Of these came back with it.' }),
    }),
  ),
});

const Models = Type.Object({
  models: Type.Array(
    Type.Object({ vendorName: text, model: text, minimum: Type.Optional(text), approved: text }),
  ),
});

const Beginning = Type.Object(
  {
    model: typed,
    release: typed,
    name: Type.String({ minLength: 1, maxLength: 255 }),
    bytes: Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER }),
    sha256: Type.Optional(Type.String({ pattern: '^[0-9a-fA-F]{64}$' })),
  },
  strict,
);

export const firmwareRoutes: readonly Route[] = [
  {
    url: '/api/firmware',
    summary: "Makers' firmware on the box, and how far each release has come among the phones.",
    answer: FirmwareView,
    answerTo: (_asked, sources) => ok(firmwareView(sources)),
  },
  {
    url: '/api/firmware/models',
    summary: "Models of Microsoft's list, with minimum and approved firmware.",
    answer: Models,
    answerTo: () => ok({ models: knownDevices().map(modelView) }),
  },
  {
    url: '/api/firmware/uploads',
    method: 'post',
    isFor: 'admin',
    summary: `Begins the upload of a firmware file of ${mostFirmwareBytes} bytes at most. One at a time; it is over when nothing came for a minute.`,
    body: Beginning,
    bodyLimit: 4096,
    answer: Type.Object({ upload: text }),
    answerTo: begin,
  },
  ...uploadRoutes({
    kind: 'firmware',
    url: '/api/firmware/uploads',
    query: Type.Object({ offset: Type.Integer({ minimum: 0, maximum: mostFirmwareBytes }) }, strict),
    fileOf: (_asked, { id }) => id,
    give: async ({ id, words }, asked, sources) =>
      await orderPart(asked, sources, { kind: 'firmware.add', words: { ...words, upload: id } }),
    summary: 'All of it is here: it goes into the store, if it is what was said at the beginning.',
  }),
  {
    url: '/api/firmware/remove',
    method: 'post',
    isFor: 'admin',
    summary: 'A release and its files go; phones that are fetching it get it to the end.',
    body: Type.Object({ vendor: typed, model: typed, version: typed }, strict),
    answer: OrderGiven,
    answerTo: async (asked, sources) =>
      await ordered(asked, sources, { kind: 'firmware.remove', words: asked.body as OrderArguments }),
  },
  {
    url: '/api/firmware/:how',
    method: 'post',
    isFor: 'admin',
    summary: 'No phone is offered firmware, or they are again.',
    params: Type.Object({ how: Type.Enum(['pause', 'resume'], { type: 'string' }) }),
    body: Type.Object({}, strict),
    answer: OrderGiven,
    answerTo: async (asked, sources) =>
      await ordered(asked, sources, { kind: `firmware.${asked.params['how']}`, words: {} }),
  },
];

function firmwareView({ config }: Sources) {
  const { site, provisioning } = config;
  return {
    paused: isPaused(firmwareFolder(config)),
    belowMinimum: provisioning.below_minimum,
    offerUpdates: provisioning.offer_updates,
    pilot: provisioning.firmware_pilot,
    releases: readReleases(site.state_directory, site.region).map((release) => ({
      ...release,
      vendorName: vendorName(release.vendor as Vendor),
    })),
  };
}

function modelView({ vendor, model, minimum, approved }: Device) {
  return { vendorName: vendorName(vendor), model, ...(minimum === undefined ? {} : { minimum }), approved };
}

function begin({ access, body }: Asked, sources: Sources): Answer {
  const { model, release: version, name, bytes, sha256 } = body as Begun;
  if (access.session === undefined) return notSignedIn();
  const release = typedRelease(model, version);
  if (typeof release === 'string') return failure(400, 'no_release', release);
  const problem = fileProblem(name, bytes);
  if (problem !== undefined)
    return failure(bytes > mostFirmwareBytes ? 413 : 400, 'no_firmware', `The file ${problem}.`);
  const id = randomUUID();
  const words = { ...release, name, ...(sha256 === undefined ? {} : { sha256 }) };
  const upload = { id, session: access.session.id, files: [{ name: id, bytes }], words };
  const busy = 'Another file is being uploaded or put in. One that was given up is gone after a minute.';
  return beginUpload(sources, 'firmware', { upload, busy });
}

interface Begun {
  readonly model: string;
  readonly release: string;
  readonly name: string;
  readonly bytes: number;
  readonly sha256?: string;
}

async function ordered(
  asked: Asked,
  sources: Sources,
  words: { kind: string; words: OrderArguments },
): Promise<Answer> {
  const given = await orderPart(asked, sources, words);
  return given === undefined ? notSignedIn() : ok({ order: given.order });
}
