/** What became of a phone's request, in plain words. Pure. */
import type { PhoneRequest } from './phone-requests.ts';

const stageWords = [
  'before the cloud was asked',
  'the first answer, which leads it to its own address',
  'its one-time account',
  'its configuration',
] as const;

export function requestWords(request: Pick<PhoneRequest, 'outcome' | 'reason' | 'stage' | 'status'>): string {
  const { outcome, reason, stage } = request;
  switch (outcome) {
    case 'overlay given':
      return "Given this site's certificate authority: it should come again over HTTPS";
    case 'passed':
      return passedWords(request);
    case 'kept answer':
      return `Given what was kept for it${reason === undefined ? '' : ` (${reason})`}: ${stageWords[stage]}`;
    case 'cloud away':
      return 'The cloud was out of reach: it keeps what it has and comes again';
    case 'busy':
      return 'Too much at once: it comes again in a minute';
    case 'held':
      return 'Kept from the cloud: its firmware is too old';
    case 'refused':
      return `Refused here: ${reason ?? 'no reason given'}`;
    case 'answer refused':
      return `The cloud's answer was kept from it: ${reason ?? 'no reason given'}`;
    case 'sent to the cloud':
      return 'Sent on to the cloud itself';
    case 'upload taken':
      return 'Its upload was taken and thrown away';
    case 'log kept':
      return 'Its log was kept here';
    case 'file passed':
      return 'Passed from the cloud: a file that is no configuration';
    case 'not here':
      return 'Nothing by that name here: normal in its order of files';
    default:
      return outcome satisfies never;
  }
}

function passedWords({ stage, status }: Pick<PhoneRequest, 'stage' | 'status'>): string {
  if (status === 404) return 'The cloud has no such file: normal in its order of files';
  if (status === 410) return 'The cloud gave this answer before and gives it only once';
  if (status === 304) return 'The cloud says: nothing has changed';
  if (status >= 500) return 'The cloud answered with an error of its own';
  if (status >= 400)
    return stage === 1
      ? 'The cloud refused it: it judges model and firmware in the User-Agent'
      : 'The cloud refused it';
  return `Passed from the cloud: ${stageWords[stage]}`;
}
