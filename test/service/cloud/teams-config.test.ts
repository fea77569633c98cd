/** The stand-in's location service and bulk sign-in, each driven as its documentation says. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { teamsAudience } from '../../cloud/identity.ts';
import { locationId, openStandIn, type StandIn } from '../../support/stand-in-cloud.ts';

let standIn: StandIn;

beforeAll(async () => {
  standIn = await openStandIn();
});

afterAll(async () => {
  await standIn[Symbol.asyncDispose]();
});

function switchTarget(chassisId: string): string {
  const query = new URLSearchParams({ chassisId, locationId, description: 'access' });
  return `/Skype.Ncs/switches/${encodeURIComponent(chassisId)}?${query.toString()}`;
}

function subnetTarget(subnet: string): string {
  const query = new URLSearchParams({ subnet, locationId });
  return `/Skype.Ncs/subnets/${encodeURIComponent(subnet)}?${query.toString()}`;
}

describe('location service', () => {
  it('a switch is put by query without a body, twice with the same effect', async () => {
    const chassisId = '00-1B-54-AA-00-01';
    for (const _again of [1, 2])
      expect(await standIn.ask(standIn.teams, switchTarget(chassisId), { method: 'PUT' })).toMatchObject({
        status: 200,
      });
    expect((await standIn.ask(standIn.teams, '/Skype.Ncs/switches')).body).toEqual([
      { chassisId, locationId, description: 'access' },
    ]);
    expect(
      await standIn.ask(standIn.teams, switchTarget(chassisId), { method: 'PUT', body: {} }),
    ).toMatchObject({
      status: 400,
    });
  });

  it('a MAC in another spelling than LIS compares is refused, other names are taken word for word', async () => {
    expect(
      await standIn.ask(standIn.teams, switchTarget('00:1b:54:aa:00:02'), { method: 'PUT' }),
    ).toMatchObject({
      status: 400,
    });
    expect(
      await standIn.ask(standIn.teams, switchTarget('access-1.example.net'), { method: 'PUT' }),
    ).toMatchObject({
      status: 200,
    });
  });

  it('a port is put by JSON body, and asked for and removed by query', async () => {
    const row = { chassisId: '00-1B-54-AA-00-01', portId: 'G1/0/30', locationId, description: 'desk' };
    const query = `/Skype.Ncs/ports/query?${new URLSearchParams({ chassisId: row.chassisId, portId: row.portId }).toString()}`;
    expect(await standIn.ask(standIn.teams, '/Skype.Ncs/ports', { method: 'PUT', body: row })).toMatchObject({
      status: 200,
    });
    expect(await standIn.ask(standIn.teams, query)).toMatchObject({ status: 200, body: row });
    expect(
      await standIn.ask(standIn.teams, `/Skype.Ncs/ports/filters?locationId=${locationId}`),
    ).toMatchObject({
      body: [row],
    });
    expect(await standIn.ask(standIn.teams, query, { method: 'DELETE' })).toMatchObject({ status: 204 });
    expect(await standIn.ask(standIn.teams, query)).toMatchObject({ status: 404 });
  });

  it('a subnet is a network address without a mask', async () => {
    expect(await standIn.ask(standIn.teams, subnetTarget('10.66.0.0'), { method: 'PUT' })).toMatchObject({
      status: 200,
    });
    expect(await standIn.ask(standIn.teams, subnetTarget('10.66.0.0/24'), { method: 'PUT' })).toMatchObject({
      status: 400,
    });
  });

  it('addresses and places are JSON documents, a place needs its address', async () => {
    const address = await standIn.ask(standIn.teams, '/Skype.Ncs/civicAddresses', {
      method: 'POST',
      body: { companyName: 'Contoso', cityOrTown: 'Berlin', postalOrZipCode: '10115', country: 'DE' },
    });
    const { civicAddressId } = address.body as { civicAddressId: string };
    const place = await standIn.ask(standIn.teams, '/Skype.Ncs/locations', {
      method: 'POST',
      body: { civicAddressId, location: 'Room 301' },
    });
    expect(place).toMatchObject({ status: 200, body: { location: 'Room 301', civicAddressId } });
    expect(
      await standIn.ask(standIn.teams, '/Skype.Ncs/locations', {
        method: 'POST',
        body: { location: 'nowhere' },
      }),
    ).toMatchObject({ status: 400 });
  });
});

describe('bulk sign-in', () => {
  const root = '/Teams.SipDevicesGatewayManagement/v1';

  it('a batch goes through, row by row, and resets the passwords of those it signs in', async () => {
    const rows = [
      { Username: 'lobby@contoso.example', HardwareId: '00-15-65-AA-BB-CC' },
      { Username: 'hall@contoso.example', HardwareId: '001565AABBCC' },
      { Username: '', HardwareId: '' },
    ];
    const created = await standIn.ask(standIn.teams, `${root}/createbatch?TargetRegion=EMEA`, {
      method: 'POST',
      body: rows,
    });
    const { BatchId } = created.body as { BatchId: string };
    expect(await standIn.ask(standIn.teams, `${root}/batchstatus?batchid=${BatchId}`)).toMatchObject({
      body: { BatchStatus: 'InProgress' },
    });
    expect(await standIn.ask(standIn.teams, `${root}/batchstatus?batchid=${BatchId}`)).toMatchObject({
      body: {
        BatchStatus: 'Completed',
        BatchItem: [
          { UserName: 'lobby@contoso.example', Status: 'success', Error: '' },
          { Status: 'failed', Error: 'Wrong hardware ID format' },
          { Status: 'failed', Error: 'User not found' },
        ],
      },
    });
    expect(standIn.teams.signIn.passwordsReset).toEqual(['lobby@contoso.example']);
    expect(await standIn.ask(standIn.teams, `${root}/batchsummaries`)).toMatchObject({
      body: [{ BatchId, Rows: 3 }],
    });
  });

  it('an unknown region, a hundred and one rows and a fourth open batch are refused', async () => {
    const row = { Username: 'a@contoso.example', HardwareId: '00-15-65-AA-BB-CC' };
    const create = async (region: string, count: number) =>
      (
        await standIn.ask(standIn.teams, `${root}/createbatch?TargetRegion=${region}`, {
          method: 'POST',
          body: Array.from({ length: count }, () => row),
        })
      ).status;
    expect(await create('MARS', 1)).toBe(400);
    expect(await create('APAC', 101)).toBe(400);
    expect([
      await create('APAC', 1),
      await create('APAC', 1),
      await create('APAC', 1),
      await create('APAC', 1),
    ]).toEqual([200, 200, 200, 429]);
  });

  it('an application without the directory role gets 403, and discovery all the same', async () => {
    const token = await standIn.tokenFor(teamsAudience, 'weak');
    expect(await standIn.ask(standIn.teams, `${root}/batchsummaries`, { token })).toMatchObject({
      status: 403,
    });
    expect(await standIn.ask(standIn.teams, '/Teams.Tenant/serviceDiscovery', { token })).toMatchObject({
      status: 200,
      body: { Endpoints: { ConfigApiEndpoint: expect.any(String) as string } },
    });
  });
});
