// Sliced runs through Circom: the same integers, linked by the same commitments.
import { afterAll, test } from 'vitest';
import { createRunPlace, roundTrip } from './run-kit.ts';

const place = createRunPlace();
afterAll(() => place.remove());

test('a run of three slices compiled by Circom proves the integers of the unsliced model', async () => {
  await place.compile('circom.zkml', { backend: 'circom' });
  await roundTrip(place, 'circom');
});
