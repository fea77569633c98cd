import { expect, test } from 'vitest';
import { newPlaces, type Place } from '../../../appliance/net/connection-places.ts';

const phones = new Set(['10.66.0.100', '10.66.0.101']);

function open(most: number) {
  const closed: string[] = [];
  const places = newPlaces({
    most,
    mostPerAddress: 4,
    fewPerAddress: 2,
    isKnown: (address) => phones.has(address),
  });
  const enter = (address: string, isBusy = false) => {
    const place: Place = { address, isBusy, close: () => closed.push(address) };
    return places.enter(place) ? place : undefined;
  };
  return { closed, places, enter };
}

test('of one address there are only so many, and the oldest that waits for nothing gives way', () => {
  const { closed, enter } = open(100);
  for (let count = 0; count < 4; count += 1) enter('10.66.0.7', count === 0);
  expect(enter('10.66.0.7')).toBeDefined();
  expect(closed).toEqual(['10.66.0.7']);
});

test('an address whose connections are all at work gets no more', () => {
  const { closed, enter } = open(100);
  for (let count = 0; count < 4; count += 1) enter('10.66.0.7', true);
  expect(enter('10.66.0.7')).toBeUndefined();
  expect(closed).toEqual([]);
});

test('a device with a thousand addresses takes half of the places, and phones have the other half', () => {
  const { closed, enter } = open(8);
  for (let count = 0; count < 1000; count += 1) enter(`10.66.1.${count}`, count < 2);
  expect(closed).toHaveLength(996);
  for (const phone of phones) {
    expect(enter(phone, true)).toBeDefined();
    expect(enter(phone, true)).toBeDefined();
  }
  expect(closed).toHaveLength(996);
});

test('when all places are taken a phone gets one of those who are none', () => {
  const { closed, enter } = open(4);
  for (const address of ['10.66.1.1', '10.66.1.2']) enter(address, true);
  for (const phone of phones) enter(phone, true);
  expect(enter('10.66.0.100', true)).toBeDefined();
  expect(closed).toEqual(['10.66.1.1']);
});

test('who is no phone gets no place of one, whatever phones do with theirs', () => {
  const { closed, enter } = open(4);
  for (const phone of phones) enter(phone);
  enter('10.66.0.100');
  expect(enter('10.66.1.1')).toBeUndefined();
  expect(closed).toEqual([]);
});

test('a place that was left is free', () => {
  const { closed, places, enter } = open(4);
  const first = enter('10.66.1.1', true);
  enter('10.66.1.2', true);
  expect(enter('10.66.1.3')).toBeUndefined();
  if (first !== undefined) places.leave(first);
  expect(enter('10.66.1.3')).toBeDefined();
  expect(closed).toEqual([]);
});
